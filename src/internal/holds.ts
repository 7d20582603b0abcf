/**
 * Whether a value holds, as its Schema says, in plain functions composed from the Schema's AST: the check that every
 * frame goes through. (Effect's own compiler gives up on a Schema with a declaration in it, which every union open to
 * unknown members is.) Only what wire Schemas are made of is composed here; anything else is asked of Schema itself.
 */
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaParser from "effect/SchemaParser"
import { isObject } from "./jsonObject.ts"

export type Check = (value: unknown) => boolean

const checks = new WeakMap<SchemaAST.AST, Check>()

/** The check of a declaration, whose AST does not tell. */
export const declare = (ast: SchemaAST.AST, check: Check): void => {
  checks.set(ast, check)
}

export const check = (ast: SchemaAST.AST): Check => {
  const known = checks.get(ast)
  if (known !== undefined) return known
  const composed = compose(ast)
  checks.set(ast, composed)
  return composed
}

/** Composed at first use: what is suspended may be part of itself, and most fields never come. */
const lazily = (ast: () => SchemaAST.AST): Check => {
  let composed: Check | undefined
  return (value) => (composed ??= check(ast()))(value)
}

const isNull: Check = (value) => value === null
const isUndefined: Check = (value) => value === undefined
const isString: Check = (value) => typeof value === "string"
const isNumber: Check = (value) => typeof value === "number"
const isBoolean: Check = (value) => typeof value === "boolean"
const isAnything: Check = () => true

const compose = (ast: SchemaAST.AST): Check => {
  if (ast.checks !== undefined || ast.encoding !== undefined) return asked(ast)
  switch (ast._tag) {
    case "Null":
      return isNull
    case "Undefined":
      return isUndefined
    case "String":
      return isString
    case "Number":
      return isNumber
    case "Boolean":
      return isBoolean
    case "Unknown":
    case "Any":
      return isAnything
    case "Literal": {
      const { literal } = ast
      return (value) => value === literal
    }
    case "Union":
      return ast.options?.mode === "oneOf" ? asked(ast) : anyOf(ast.types.map(check))
    case "Arrays": {
      const [item] = ast.rest
      return ast.elements.length === 0 && ast.rest.length === 1 && item !== undefined ? each(check(item)) : asked(ast)
    }
    case "Objects":
      return objects(ast)
    case "Suspend":
      return lazily(ast.thunk)
    default:
      return asked(ast)
  }
}

const asked = (ast: SchemaAST.AST): Check => SchemaParser.is(Schema.make(ast))

const anyOf = (members: ReadonlyArray<Check>): Check => {
  const [first, second] = members
  if (first !== undefined && second !== undefined && members.length === 2) {
    return (value) => first(value) || second(value)
  }
  return (value) => {
    for (const member of members) if (member(value)) return true
    return false
  }
}

const each =
  (item: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return false
    for (const element of value) if (!item(element)) return false
    return true
  }

interface Field {
  readonly isOptional: boolean
  readonly holds: Check
}

const objects = (ast: SchemaAST.Objects): Check => {
  const [index, ...others] = ast.indexSignatures
  if (index !== undefined) {
    const isMap = ast.propertySignatures.length === 0 && others.length === 0 && index.parameter._tag === "String"
    return isMap && index.parameter.checks === undefined ? values(check(index.type)) : asked(ast)
  }
  const fields = new Map<string, Field>()
  for (const { name, type } of ast.propertySignatures) {
    if (typeof name !== "string") return asked(ast)
    fields.set(name, { isOptional: type.context?.isOptional === true, holds: lazily(() => type) })
  }
  return fields.size === 0 ? asked(ast) : struct(fields)
}

const values =
  (holds: Check): Check =>
  (value) => {
    if (!isObject(value)) return false
    for (const key of Object.keys(value)) if (!holds(value[key])) return false
    return true
  }

/** By the fields that are there: a frame has few of those that it may have. */
const struct = (fields: ReadonlyMap<string, Field>): Check => {
  const required = [...fields.values()].filter((field) => !field.isOptional).length
  return (value) => {
    if (!isObject(value)) return false
    let missing = required
    for (const name in value) {
      const field = fields.get(name)
      if (field === undefined) continue
      if (!field.holds(value[name])) return false
      if (!field.isOptional) missing--
    }
    return missing === 0
  }
}
