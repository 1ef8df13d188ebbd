// The history of a database, and one apply in detail, as JSON documents.

import type { ApplyDetails, History, RecordedApply, RefreshHistory, RefreshHistoryEntry } from '../../core/history.ts'
import { idOf, type ObjectId } from '../../core/object.ts'

/** What `history --format json` prints: `schemas/history.schema.json`. */
export interface HistoryDocument {
  readonly format: 'fdwsync.history/1'
  readonly database: string
  readonly applies: readonly AppliedDocument[]
  readonly more: boolean
}

/** What `history ID --format json` prints: `schemas/apply.schema.json`. */
export interface ApplyDocument extends Omit<ApplyDetails, 'apply' | 'steps' | 'refreshes'> {
  readonly format: 'fdwsync.apply/1'
  readonly apply: AppliedDocument
  readonly steps: readonly AddressedText<ApplyDetails['steps'][number]>[]
  readonly refreshes: readonly AddressedText<ApplyDetails['refreshes'][number]>[]
}

type AddressedText<Item extends { readonly address: string }> = Omit<Item, 'address'> & {
  readonly address: ObjectId | null
}
type Summary = NonNullable<RecordedApply['summary']>
type AppliedDocument = Omit<RecordedApply, 'summary'> & {
  readonly summary: {
    readonly counts: Summary['counts']
    readonly changes: readonly AddressedText<Summary['changes'][number]>[]
  } | null
}

export function historyJson({ database, applies, more }: History): HistoryDocument {
  return { format: 'fdwsync.history/1', database, applies: applies.map(appliedJson), more }
}

/** What `history --refreshes --format json` prints: `schemas/refresh-history.schema.json`. */
export interface RefreshHistoryDocument {
  readonly format: 'fdwsync.refresh-history/1'
  readonly database: string
  readonly refreshes: readonly (Omit<AddressedText<RefreshHistoryEntry>, Amount> &
    Readonly<Record<Amount, number | null>>)[]
  readonly more: boolean
}

type Amount = 'rows' | 'inserted' | 'updated' | 'deleted' | 'bytes'

export function refreshHistoryJson({ database, refreshes, more }: RefreshHistory): RefreshHistoryDocument {
  const amount = (text: string | null) => (text === null ? null : Number(text))
  const entries = refreshes.map(({ rows, inserted, updated, deleted, bytes, ...entry }) => ({
    ...addressed(entry),
    rows: amount(rows),
    inserted: amount(inserted),
    updated: amount(updated),
    deleted: amount(deleted),
    bytes: amount(bytes),
  }))
  return { format: 'fdwsync.refresh-history/1', database, refreshes: entries, more }
}

export function applyJson({ database, apply, steps, refreshes }: ApplyDetails): ApplyDocument {
  return {
    format: 'fdwsync.apply/1',
    database,
    apply: appliedJson(apply),
    steps: steps.map(addressed),
    refreshes: refreshes.map(addressed),
  }
}

function appliedJson({ summary, ...apply }: RecordedApply): AppliedDocument {
  return { ...apply, summary: summary && { counts: summary.counts, changes: summary.changes.map(addressed) } }
}

function addressed<Item extends { readonly address: string }>({ address, ...rest }: Item): AddressedText<Item> {
  return { address: idOf(address) ?? null, ...rest }
}
