// What the refreshes of a table have found for the next one. The ledger keeps it.

/** The highest value that was read of a column. */
export interface ReachedWatermark {
  readonly column: string
  readonly value: string
  /** The condition by which rows were left out. With another one, older rows are to be read, too. */
  readonly soft?: string
  /** How long the oldest transaction had been open at the source before the rows were read; undefined if unknown. */
  readonly openSeconds?: number
}

/** The findings of one refresh. */
export interface FoundState {
  /** What was compared with the source: changed rows alone, also which keys exist, or everything. */
  readonly compared: 'changes' | 'keys' | 'all'
  /** The fraction of rows that had changed, as if they were scattered. */
  readonly changed?: number
  /** Set if the source's digests of equal rows were different. */
  readonly unlikeDigests?: true
  readonly watermark?: ReachedWatermark
}

/** The findings of the last refreshes. */
export interface StrategyState {
  readonly changed: number | undefined
  /** Whether the digests of equal rows differed within the last days. */
  readonly unlikeDigests: boolean
  readonly watermark: ReachedWatermark | undefined
  /** How long ago the last refresh began that compared at least the keys. */
  readonly keysMillisecondsAgo: number | undefined
  /** How long ago the last refresh began that compared everything. */
  readonly allMillisecondsAgo: number | undefined
}

export const unknownState: StrategyState = {
  changed: undefined,
  unlikeDigests: false,
  watermark: undefined,
  keysMillisecondsAgo: undefined,
  allMillisecondsAgo: undefined,
}
