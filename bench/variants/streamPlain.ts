/** The same as `stream`, on the spawner of `NodeServices` alone. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { variantOf } from "./session.ts"
import { reader } from "./stream.ts"

export const variant = variantOf(reader, NodeServices.layer)
