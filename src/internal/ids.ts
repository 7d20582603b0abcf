/**
 * The branded strings that name things. One file of its own because the result of a turn, the errors and the
 * events all need them; users reach them through `AgentEvent`.
 */
import * as Brand from "effect/Brand"
import * as Schema from "effect/Schema"

export type SessionId = string & Brand.Brand<"SessionId">
export type TurnId = string & Brand.Brand<"TurnId">
export type ItemId = string & Brand.Brand<"ItemId">
export type ToolId = string & Brand.Brand<"ToolId">
export type TaskId = string & Brand.Brand<"TaskId">
export type RequestId = string & Brand.Brand<"RequestId">

// Nominal constructors do nothing at run time, which is what the hot path needs.
export const sessionId: Brand.Constructor<SessionId> = Brand.nominal<SessionId>()
export const turnId: Brand.Constructor<TurnId> = Brand.nominal<TurnId>()
export const itemId: Brand.Constructor<ItemId> = Brand.nominal<ItemId>()
export const toolId: Brand.Constructor<ToolId> = Brand.nominal<ToolId>()
export const taskId: Brand.Constructor<TaskId> = Brand.nominal<TaskId>()
export const requestId: Brand.Constructor<RequestId> = Brand.nominal<RequestId>()

export const SessionId: Schema.Codec<SessionId, string> = Schema.String.pipe(Schema.brand("SessionId"))
export const TurnId: Schema.Codec<TurnId, string> = Schema.String.pipe(Schema.brand("TurnId"))
export const ItemId: Schema.Codec<ItemId, string> = Schema.String.pipe(Schema.brand("ItemId"))
export const ToolId: Schema.Codec<ToolId, string> = Schema.String.pipe(Schema.brand("ToolId"))
export const TaskId: Schema.Codec<TaskId, string> = Schema.String.pipe(Schema.brand("TaskId"))
export const RequestId: Schema.Codec<RequestId, string> = Schema.String.pipe(Schema.brand("RequestId"))
