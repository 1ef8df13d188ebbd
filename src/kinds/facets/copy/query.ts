// Decides whether two queries of a copy are the same, although their texts may differ.
import type { FieldChange } from '../../../core/change.ts'
import type { MatchedToLive } from '../../probing.ts'
import { replacedBy } from '../changes.ts'
import type { ColumnRenames } from '../renaming.ts'
import { columnRenames } from './column-renames.ts'
import { columnsText, type ViewColumn } from './columns.ts'

export interface ViewQuery {
  readonly query: string
  /** As the server derived them; empty where only the query is known. */
  readonly columns: readonly ViewColumn[]
  /** Wanted only: the query as PostgreSQL shows it while everything has its live name. */
  readonly queryUnderLiveNames?: string | undefined
  /** Wanted only: the text of the live query, where PostgreSQL shows the same query in two ways. */
  readonly equivalentDeparse?: string | undefined
}

/** The columns that are renamed: the queries differ in nothing but names, even if the types of what they read differ. */
export function renamesIn(live: ViewQuery, wanted: ViewQuery): ColumnRenames {
  return onlyNamesDiffer(live, wanted) ? columnRenames(live.columns, wanted.columns) : new Map()
}

/** Whether only names differ: of its own columns, or of relations and columns that it reads. */
function onlyNamesDiffer(live: ViewQuery, wanted: ViewQuery): boolean {
  return live.query !== wanted.query && live.query === wanted.queryUnderLiveNames
}

/** The same, from what the probe has read. */
export function renamesOf(read: ViewQuery, matched: MatchedToLive<ViewQuery> | undefined): ColumnRenames {
  if (!matched || matched.live.query !== matched.read.query) return new Map()
  return columnRenames(matched.live.columns, read.columns)
}

export function queryChanges(from: ViewQuery, to: ViewQuery): readonly FieldChange[] {
  if (from.query !== to.query && from.query !== to.equivalentDeparse && !onlyNamesDiffer(from, to))
    return [{ field: 'query', from: from.query, to: to.query, effect: { how: 'replace' } }]
  return typeChanges(from, to)
}

/** The same query can have columns of other types, when the type of a column that it reads changes. */
export function typeChanges(from: ViewQuery, to: ViewQuery): readonly FieldChange[] {
  return replacedBy('columns', columnsText(from.columns), columnsText(to.columns))
}
