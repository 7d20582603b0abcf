/** What it is about; and, where no test of ours shows it, why. A reason that begins with "later" is a promise. */
export type Behaviour = readonly [says: string, reason?: string]
