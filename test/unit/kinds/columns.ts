// Rows for the settings of columns, which all relations have.
import type { ColumnSettings } from '../../../src/kinds/facets/columns/settings.ts'
import { commentRows } from './rows.ts'
import { nothing, type Rows } from './table.ts'

export const liveSettings = {
  comment: '',
  statistics: null,
  storage: null,
  typeStorage: 'extended',
  compression: null,
  attributes: {},
} satisfies ColumnSettings

/** Of the column `a`. @param alter begins the statement, @param relation its name */
export function settingsRows(alter: string, relation: string): Rows<ColumnSettings> {
  const column = `${alter} ALTER COLUMN a`
  return {
    comment: commentRows(`COLUMN ${relation}.a`, 'column a comment'),
    statistics: [
      [{}, { statistics: 100 }, 'column a statistics: none → 100', `${column} SET STATISTICS 100`],
      [{ statistics: 100 }, {}, 'column a statistics: 100 → none', `${column} SET STATISTICS -1`],
      [{ statistics: 100 }, { statistics: undefined }, nothing, 'not declared'],
    ],
    storage: [
      [{}, { storage: 'plain' }, 'column a storage: extended → plain', `${column} SET STORAGE PLAIN`],
      [{ storage: 'plain' }, {}, 'column a storage: plain → extended', `${column} SET STORAGE EXTENDED`],
      [{}, { storage: 'extended' }, nothing, 'the default of the type already'],
      [{ storage: 'plain' }, { storage: undefined }, nothing, 'not declared'],
    ],
    typeStorage: [
      [{ typeStorage: 'main', storage: 'plain' }, {}, 'column a storage: plain → main', `${column} SET STORAGE MAIN`],
    ],
    compression: [
      [{}, { compression: 'lz4' }, 'column a compression: none → lz4', `${column} SET COMPRESSION LZ4`],
      [{ compression: 'lz4' }, {}, 'column a compression: lz4 → none', `${column} SET COMPRESSION DEFAULT`],
    ],
    attributes: [
      [
        {},
        { attributes: { n_distinct: '-1' } },
        'column a attribute n_distinct: none → -1',
        `${column} SET (n_distinct = '-1')`,
      ],
      [
        { attributes: { n_distinct: '-1' } },
        {},
        'column a attribute n_distinct: -1 → none',
        `${column} RESET (n_distinct)`,
      ],
    ],
  }
}
