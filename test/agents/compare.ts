/** Unions of wire frames as unions of their names, so that two of them can be compared. */

/** `result/success`, `assistant`: what a frame is known by. */
export type FrameName<Frame> = Frame extends { readonly type: infer Type extends string }
  ? Frame extends { readonly subtype: infer Subtype extends string }
    ? `${Type}/${Subtype}`
    : Type
  : never

/** `interrupt`: what a control request is known by. */
export type RequestName<Request> = Request extends { readonly subtype: infer Subtype extends string } ? Subtype : never

/** The members of a union that go by a name. */
export type Named<Frame, Name> = Frame extends unknown ? (Name extends FrameName<Frame> ? Frame : never) : never

/** Every field that some member of the union has. */
export type Fields<Frame> = Frame extends unknown ? keyof Frame & string : never

/** `assistant.uuid`: the fields of each frame. */
export type FieldsOf<Frame, Name extends string> = {
  readonly [N in Name]: `${N}.${Fields<Named<Frame, N>>}`
}[Name]

/** Nothing of the one that is not in the other: when it does not compile, the error says what. */
export type Within<Theirs extends string, Ours extends string> = [Exclude<Theirs, Ours>] extends [never]
  ? true
  : { readonly notListed: Exclude<Theirs, Ours> }
