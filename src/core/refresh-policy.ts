// Refresh policies: how, and how often, a copy is brought up to date. A policy is part of no definition.

import { sameData } from './data.ts'
import { parseDuration } from './duration.ts'
import { withoutSemicolon } from './sql.ts'
import { type Watermark, type WatermarkStanza, watermarkOf } from './watermark.ts'

export const refreshStrategies = ['auto', 'plain', 'concurrently', 'swap', 'merge', 'compare', 'watermark'] as const
export type RefreshStrategy = (typeof refreshStrategies)[number]

/** A strategy that can be run. `auto` is a choice among these. */
export type StrategyName = Exclude<RefreshStrategy, 'auto'>

export interface RefreshPolicy {
  readonly strategy: RefreshStrategy
  /** A copy whose last refresh began longer ago is stale. Without it, no copy is. */
  readonly maxAgeMilliseconds?: number
  /** When pg_cron refreshes it: see cron-schedule.ts. */
  readonly schedule?: string
  /** How long a single refresh may take before it is cancelled. */
  readonly timeoutMilliseconds?: number
  /** A query. A refresh is skipped if its result is the same as at the last refresh. */
  readonly skipIfSame?: string
  /** For a table: the column that shows which rows have changed. */
  readonly watermark?: Watermark
  /** Copies with the same group are refreshed in one transaction. */
  readonly group?: string
}

/** The policy of a copy for which nothing is declared. */
export const defaultPolicy: RefreshPolicy = { strategy: 'auto' }

export function isDefaultPolicy(policy: RefreshPolicy): boolean {
  return sameData(policy, defaultPolicy)
}

/** `refresh:` in a manifest. The value `none` cancels a default. */
export interface RefreshStanza {
  readonly strategy?: RefreshStrategy
  readonly max_age?: string
  readonly schedule?: string
  readonly timeout?: string
  readonly skip_if_same?: string
  readonly group?: string
  readonly watermark?: WatermarkStanza
}

export const noDefault = 'none'

/** Merges stanzas key by key. The first one that has a key decides. */
export function mergeStanzas(...nearestFirst: readonly (RefreshStanza | undefined)[]): RefreshStanza {
  return Object.assign({}, ...nearestFirst.toReversed())
}

/**
 * What a copy inherits of the stanza of its mirror or manifest: all but a watermark, which only a table with a primary key can have.
 * @param primaryKey undefined for a materialized view, too
 */
export function inheritedStanza(stanza: RefreshStanza | undefined, primaryKey: unknown): RefreshStanza {
  const { watermark, ...others } = stanza ?? {}
  return watermark === undefined || primaryKey === undefined ? others : { ...others, watermark }
}

/** The policy that a merged, valid stanza declares. */
export function policyOf(stanza: RefreshStanza): RefreshPolicy {
  const declared = (value: string | undefined) => (value === noDefault ? undefined : value)
  const duration = (value: string | undefined) => parseDuration(declared(value) ?? '')
  const [maxAgeMilliseconds, timeoutMilliseconds] = [duration(stanza.max_age), duration(stanza.timeout)]
  const [schedule, group] = [declared(stanza.schedule)?.trim(), declared(stanza.group)]
  const skipIfSame = declared(stanza.skip_if_same)
  return {
    strategy: stanza.strategy ?? defaultPolicy.strategy,
    ...(maxAgeMilliseconds !== undefined && { maxAgeMilliseconds }),
    ...(schedule !== undefined && { schedule }),
    ...(timeoutMilliseconds !== undefined && { timeoutMilliseconds }),
    ...(skipIfSame !== undefined && { skipIfSame: withoutSemicolon(skipIfSame) }),
    ...(group !== undefined && { group }),
    ...(stanza.watermark !== undefined && { watermark: watermarkOf(stanza.watermark) }),
  }
}
