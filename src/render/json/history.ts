// The history of a database, and one apply in detail, as JSON documents.

import type { ApplyDetails, History, RecordedApply } from '../../core/history.ts'
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
