// What a change of a table means for its data and its readers.
import { type Change, droppedColumns } from '../../core/change.ts'
import type { Hazard } from '../../core/plan.ts'
import { ident } from '../../core/sql.ts'
import { copyHazards } from '../facets/copy/hazards.ts'
import { buildsKey } from './primary-key.ts'
import type { TableSpec } from './spec.ts'

export function tableHazards(change: Change): readonly Hazard[] {
  return [...copyHazards(change), ...addedColumnHazards(change), ...unmanagedRowHazards(change), ...keyHazards(change)]
}

/** The values of a column that was added by hand are nowhere else. */
function addedColumnHazards(change: Change): readonly Hazard[] {
  if (change.op !== 'replace' && change.op !== 'alter') return []
  const { addedColumns = [] } = change.from.spec as TableSpec // a kind sees only its own objects
  const dropped = change.op === 'alter' ? droppedColumns(change.fields) : addedColumns
  const lost = addedColumns.filter((name) => dropped.includes(name))
  if (lost.length === 0) return []
  const names = lost.map(ident).join(', ')
  return [{ name: 'drops-data', detail: `drops columns that its query does not return, with their data: ${names}` }]
}

/** Rows that no load has written are lost. */
function unmanagedRowHazards(change: Change): readonly Hazard[] {
  if (change.op !== 'drop' && change.op !== 'replace') return []
  const { populated, hasRows } = change.from.spec as TableSpec // a kind sees only its own objects
  if (populated || !hasRows) return []
  return [{ name: 'drops-data', detail: 'it was never loaded, so its rows are from elsewhere, and are lost' }]
}

/** PostgreSQL locks the table while it builds the index. */
function keyHazards(change: Change): readonly Hazard[] {
  if (change.op !== 'alter' || !change.fields.some(buildsKey)) return []
  return [{ name: 'blocks-readers', detail: 'readers wait while the index of its primary key is built' }]
}
