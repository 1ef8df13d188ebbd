import type { FieldChange } from '../../core/change.ts'
import { replacedBy } from '../facets/changes.ts'
import type { ColumnRenames } from '../facets/renaming.ts'
import type { MatchedToLive } from '../kind.ts'
import { columnRenames } from './column-renames.ts'
import { columnsText, type ViewColumn } from './columns.ts'

/** What a materialized view shows, as the server says it. */
export interface ViewQuery {
  readonly query: string
  /** As the server derived them from the query; empty where only the query is known. */
  readonly columns: readonly ViewColumn[]
  /** Wanted only: the query as it is shown when all that it names is called as the live one has it. */
  readonly queryUnderLiveNames?: string | undefined
  /** Wanted only: the live one's query, where that is the same in other words. */
  readonly equivalentDeparse?: string | undefined
}

/** The columns that can be renamed in place, since names are all that makes another query of it. */
export function renamesIn(live: ViewQuery, wanted: ViewQuery): ColumnRenames {
  return isOnlyNamed(live, wanted) ? columnRenames(live.columns, wanted.columns) : new Map()
}

/** Names of its columns, or of what it reads. */
function isOnlyNamed(live: ViewQuery, wanted: ViewQuery): boolean {
  return live.query !== wanted.query && live.query === wanted.queryUnderLiveNames
}

/** The same of what the probe has read. */
export function renamesOf(read: ViewQuery, likeLive: MatchedToLive<ViewQuery> | undefined): ColumnRenames {
  if (!likeLive || likeLive.live.query !== likeLive.read.query) return new Map()
  return columnRenames(likeLive.live.columns, read.columns)
}

// The same text can mean other columns: when the type of a column below has changed, for instance.
export function queryChanges(from: ViewQuery, to: ViewQuery): readonly FieldChange[] {
  if (from.query !== to.query && from.query !== to.equivalentDeparse && !isOnlyNamed(from, to))
    return [{ field: 'query', from: from.query, to: to.query, effect: { how: 'replace' } }]
  return replacedBy('columns', columnsText(from.columns), columnsText(to.columns))
}
