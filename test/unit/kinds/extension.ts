// Extensions.
import { type ExtensionSpec, extension } from '../../../src/kinds/extension.ts'
import { commentRows, protectRows } from './rows.ts'
import { type KindTable, nothing } from './table.ts'

export const extensionTable: KindTable<ExtensionSpec> = {
  kind: extension,
  id: { kind: 'extension', name: 'hstore' },
  spec: { schema: 'public', version: '1.7', comment: 'of hstore', ownComment: 'of hstore', hasRelations: false },
  compare: {
    schema: [
      [{}, { schema: 'tools' }, 'schema: public → tools', 'ALTER EXTENSION hstore SET SCHEMA tools'],
      [{}, { schema: undefined }, nothing, 'not declared'],
    ],
    version: [
      [{}, { version: '1.8' }, 'version: 1.7 → 1.8', `ALTER EXTENSION hstore UPDATE TO '1.8'`],
      [{}, { version: undefined }, nothing, 'not declared'],
    ],
    comment: commentRows('EXTENSION hstore'),
    ownComment: [[{}, { ownComment: null }, nothing, 'it is the default of the comment']],
    hasRelations: [[{}, { hasRelations: true }, nothing, 'it only decides how the extension is probed']],
    protect: protectRows,
  },
  together: [
    [
      {},
      { version: '1.8', schema: 'tools' },
      ['version: 1.7 → 1.8', 'schema: public → tools'],
      `ALTER EXTENSION hstore UPDATE TO '1.8'; ALTER EXTENSION hstore SET SCHEMA tools`,
    ],
  ],
  settle: {
    comment: ['new', 'live', 'of hstore'],
    schema: ['tools', 'public', 'public'],
    version: ['2', '1.7', '1.7'],
  },
  roundTrips: {
    definition: 'extension',
    unwritten: { protect: 'not in the catalog', version: 'a new database wants the newest' },
    stanzas: [[{}], [{ schema: 'tools', comment: 'c' }], [{ comment: '' }, { ownComment: 'of hstore' }]],
  },
}
