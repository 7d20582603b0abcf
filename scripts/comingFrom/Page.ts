/** What is theirs, what is ours, and the title of a test that shows it. */
export type Row = readonly [theirs: string, ours: string, test: string]

export interface Page {
  readonly file: string
  readonly title: string
  readonly intro: string
  readonly sections: ReadonlyArray<{
    readonly title: string
    readonly intro?: string
    readonly rows: ReadonlyArray<Row>
  }>
}

/** A row whose names can be held against theirs by the compiler: `npm run types:agents` misses none. */
export interface Named {
  readonly names: ReadonlyArray<string>
  readonly ours: string
  readonly test: string
}

export const rowsOf = (named: ReadonlyArray<Named>, theirs = (name: string): string => name): ReadonlyArray<Row> =>
  named.map(({ names, ours, test }) => [names.map((name) => `\`${theirs(name)}\``).join(", "), ours, test])
