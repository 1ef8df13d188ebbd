// Rows for what materialized views and tables have in common.
import type { ViewColumn } from '../../../src/kinds/facets/copy/columns.ts'
import type { CopySpec } from '../../../src/kinds/facets/copy/copy.ts'
import { liveAccess } from './access.ts'
import { liveSettings, settingsRows } from './columns.ts'
import { commentRows, ignoreRows, protectRows, storageRows, tablespaceRows } from './rows.ts'
import { nothing, type Rows, within } from './table.ts'

export const column: ViewColumn = { name: 'a', type: 'text', collation: null, ...liveSettings }

/** A live copy `shop.orders`. */
export const liveCopy = {
  ...liveAccess,
  query: 'SELECT a',
  columns: [column],
  accessMethod: 'heap',
  defaultAccessMethod: 'heap',
  tablespace: 'pg_default',
  databaseTablespace: 'pg_default',
  with: {},
  populated: true,
  comment: '',
} satisfies CopySpec

type Field = Exclude<keyof CopySpec, 'owner' | 'ownedByCurrentRole' | 'hasAcl' | 'grants' | 'revokedFromOwner'>

/**
 * Rows of all fields but those of owners and grants.
 * @param word follows ALTER
 * @param renames renames columns, from pairs of names
 */
export function copyRows(
  word: string,
  renames: (...pairs: readonly (readonly [from: string, to: string])[]) => string,
): Pick<Rows<CopySpec>, Field> {
  const alter = `ALTER ${word} shop.orders`
  const columnRows: Rows<ViewColumn> = {
    name: [[{}, { name: 'B' }, 'columns: a text → "B" text', 'replace']],
    type: [[{}, { type: 'bigint' }, 'columns: a text → a bigint', 'replace']],
    collation: [[{}, { collation: '"C"' }, 'columns: a text → a text COLLATE "C"', 'replace']],
    isDomain: [[{}, { isDomain: true }, nothing, 'the type shows it']],
    ...settingsRows(alter, 'shop.orders'),
  }
  return {
    query: [
      [{}, { query: 'SELECT b' }, 'query: SELECT a → SELECT b', 'replace'],
      [{}, { query: 'SELECT b', columns: [{ ...column, name: 'b' }] }, 'query: SELECT a → SELECT b', 'replace'],
    ],
    equivalentDeparse: [
      [
        {},
        { query: '( SELECT a )', equivalentDeparse: 'SELECT a' },
        nothing,
        'PostgreSQL shows the same query in two ways',
      ],
    ],
    queryUnderLiveNames: [
      [
        {},
        { query: 'SELECT a AS b', queryUnderLiveNames: 'SELECT a', columns: [{ ...column, name: 'b' }] },
        'column names: a → b',
        renames(['a', 'b']),
      ],
      [
        { columns: [column, { ...column, name: 'b' }] },
        {
          query: 'SELECT b, a',
          queryUnderLiveNames: 'SELECT a',
          columns: [{ ...column, name: 'b' }, column],
        },
        'column names: a, b → b, a',
        renames(['a', 'fdwsync_1'], ['b', 'fdwsync_2'], ['fdwsync_1', 'b'], ['fdwsync_2', 'a']),
      ],
      [
        {},
        { query: 'SELECT a FROM renamed', queryUnderLiveNames: 'SELECT a' },
        nothing,
        'only the name of what it reads differs',
      ],
    ],
    columns: [
      [{}, { columns: [column, { ...column, name: 'b' }] }, 'columns: a text → a text, b text', 'replace'],
      ...within<ViewColumn, CopySpec>(columnRows, (part) => ({ columns: [{ ...column, ...part }] })),
    ],
    declaredColumns: [
      [{}, { declaredColumns: { names: ['b'], settings: {} } }, nothing, 'the probe puts them into query and columns'],
    ],
    accessMethod: [
      [{}, { accessMethod: 'columnar' }, 'access method: heap → columnar', 'replace'],
      [{}, { accessMethod: null }, nothing, 'the default already'],
    ],
    defaultAccessMethod: [
      [{ accessMethod: 'columnar' }, { accessMethod: null }, 'access method: columnar → heap', 'replace'],
    ],
    ...tablespaceRows(alter),
    with: [
      ...storageRows(alter),
      [
        {},
        { with: { 'toast.autovacuum_enabled': 'false' } },
        'with toast.autovacuum_enabled: none → false',
        `${alter} SET (toast.autovacuum_enabled = 'false')`,
      ],
    ],
    hasToast: [[{}, { hasToast: true }, nothing, 'it only decides which parameters are possible']],
    clusterOn: [[{}, { clusterOn: 'orders_a' }, nothing, 'an attribute of the index']],
    populated: [
      [{ populated: false }, {}, 'populated: no → yes', 'populate'],
      [{}, { populated: false }, nothing, 'it is never emptied'],
    ],
    comment: commentRows(`${word} shop.orders`),
    ignore: ignoreRows,
    protect: protectRows,
  }
}
