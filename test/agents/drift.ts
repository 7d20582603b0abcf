/**
 * The drift guard: what the SDK's types of this version name and ours do not know. `npm run types:agents` fails on a frame, a
 * request or a field that is neither modelled nor listed in `unmodelled.ts`, and on a listed one that is no longer missing.
 */
import type { SDKControlRequest, SDKMessage } from "@anthropic-ai/claude-agent-sdk"
import type { InboundRequest, RequestSubtype } from "../../src/claude/ClaudeControl.ts"
import type { KnownMessage } from "../../src/claude/ClaudeMessage.ts"
import type { FieldsOf, FrameName, RequestName, Within } from "./compare.ts"
import type { UnmodelledField, UnmodelledRequest } from "./unmodelled.ts"

type OurRequest = RequestSubtype | RequestName<InboundRequest>
type TheirRequest = RequestName<SDKControlRequest["request"]>

type Frame = FrameName<SDKMessage> & FrameName<KnownMessage>
type OurField = FieldsOf<KnownMessage, Frame>
type TheirField = FieldsOf<SDKMessage, Frame>

export const everyFrame: Within<FrameName<SDKMessage>, FrameName<KnownMessage>> = true
export const everyRequest: Within<TheirRequest, OurRequest | UnmodelledRequest> = true
export const everyField: Within<TheirField, OurField | UnmodelledField> = true

export const noRequestInVain: Within<UnmodelledRequest, Exclude<TheirRequest, OurRequest>> = true
export const noFieldInVain: Within<UnmodelledField, Exclude<TheirField, OurField>> = true
