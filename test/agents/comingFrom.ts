/**
 * docs/coming-from-the-sdk.md, held against the SDK: a member of `Query`, an export or a message without a row there does
 * not compile, nor does a row that the SDK took back. Checked by `npm run types:agents`.
 */
import type { Query, SDKMessage } from "@anthropic-ai/claude-agent-sdk"
import type * as Sdk from "@anthropic-ai/claude-agent-sdk"
import type { entries, messages, query, sessions } from "../../scripts/comingFrom/sdk.ts"
import type { FrameName, Within } from "./compare.ts"

type NamesOf<Rows extends ReadonlyArray<{ readonly names: ReadonlyArray<string> }>> = Rows[number]["names"][number]

type Member = NamesOf<typeof query>
type Export = NamesOf<typeof sessions> | NamesOf<typeof entries>
type Message = NamesOf<typeof messages>

export const everyMember: Within<keyof Query & string, Member> = true
export const everyExport: Within<keyof typeof Sdk, Export> = true
export const everyMessage: Within<FrameName<SDKMessage>, Message> = true

export const noMemberInVain: Within<Member, keyof Query & string> = true
export const noExportInVain: Within<Export, keyof typeof Sdk> = true
export const noMessageInVain: Within<Message, FrameName<SDKMessage>> = true
