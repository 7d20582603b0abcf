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
