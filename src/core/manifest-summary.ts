// The manifests of a database, as its ledger has them.

export interface ManifestSummary {
  readonly manifest: string
  /** How many objects it manages. */
  readonly objects: number
  /** The same by kind, such as `foreignTable`. */
  readonly byKind: Readonly<Record<string, number>>
  readonly firstApplied: string | null
  readonly lastApplied: string | null
  /** How long ago that was. */
  readonly secondsAgo: number | null
  /** How the last apply ended. */
  readonly outcome: string | null
  readonly appliedBy: string | null
  readonly commit: string | null
}

export interface ManifestList {
  readonly database: string
  readonly manifests: readonly ManifestSummary[]
}
