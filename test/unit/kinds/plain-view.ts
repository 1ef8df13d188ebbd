// Plain views, which fdwsync recreates but neither alters nor declares.
import type { ViewColumn } from '../../../src/kinds/facets/copy/columns.ts'
import { type ViewSpec, view } from '../../../src/kinds/materialized-view/plain-view.ts'
import { liveAccess } from './access.ts'
import { type KindTable, nothing } from './table.ts'

const column: ViewColumn = { name: 'a', type: 'bigint', collation: null, comment: '' }

export const viewTable: KindTable<ViewSpec> = {
  kind: view,
  id: { kind: 'view', schema: 'shop', name: 'daily' },
  spec: { ...liveAccess, query: 'SELECT a', columns: [column], with: {}, comment: '' },
  compare: {
    query: [[{}, { query: 'SELECT b' }, nothing, 'its text may change with what it reads']],
    columns: [
      [{}, { columns: [{ ...column, type: 'text' }] }, 'columns: a bigint → a text', 'replace'],
      [{}, { columns: [{ ...column, comment: 'c' }] }, 'column a comment: none → c', ''],
    ],
    with: [[{}, { with: { security_barrier: 'true' } }, 'with security_barrier: none → true', '']],
    comment: [[{}, { comment: 'c' }, 'comment: none → c', '']],
    owner: [[{}, { owner: 'bob' }, 'owner: alice → bob', '']],
    ownedByCurrentRole: [[{}, { ownedByCurrentRole: true }, nothing, 'the owner is compared']],
    hasAcl: [[{}, { hasAcl: true }, nothing, 'it only decides what an export writes']],
    grants: [
      [
        {},
        { grants: [{ privilege: 'select', role: 'analyst', column: null, grantable: false }] },
        'grant select: none → analyst',
        '',
      ],
    ],
    hasNewTypes: [[{}, { hasNewTypes: true }, nothing, 'their names are the same']],
    revokedFromOwner: [[{}, { revokedFromOwner: ['select'] }, 'revoked from owner: none → select', '']],
  },
  settle: {},
}
