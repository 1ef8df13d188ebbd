// Foreign servers.
import { type ServerSpec, server } from '../../../src/kinds/server.ts'
import { accessRows, liveAccess, openAccess, writtenAccess } from './access.ts'
import { commentRows, ignoreRows, namedSecretRows, optionRows, protectRows, secretOptionRows } from './rows.ts'
import type { KindTable } from './table.ts'

export const serverTable: KindTable<ServerSpec> = {
  kind: server,
  id: { kind: 'server', name: 'Shop' },
  spec: { ...liveAccess, wrapper: 'postgres_fdw', type: null, version: null, options: {}, comment: '' },
  compare: {
    wrapper: [[{}, { wrapper: 'file_fdw' }, 'foreign-data wrapper: postgres_fdw → file_fdw', 'replace']],
    type: [[{}, { type: 'oltp' }, 'type: none → oltp', 'replace']],
    version: [
      [{}, { version: '2' }, 'version: none → 2', `ALTER SERVER "Shop" VERSION '2'`],
      [{ version: '1' }, { version: null }, 'version: 1 → none', 'ALTER SERVER "Shop" VERSION NULL'],
    ],
    options: [...optionRows('ALTER SERVER "Shop"'), ...secretOptionRows('ALTER SERVER "Shop"')],
    secretOptions: namedSecretRows('ALTER SERVER "Shop"'),
    comment: commentRows('SERVER "Shop"'),
    ignore: ignoreRows,
    protect: protectRows,
    ...accessRows('SERVER "Shop"', 'FOREIGN SERVER "Shop"', 'usage'),
  },
  together: [
    [
      { version: '1', options: { host: 'old', port: '1' } },
      { version: '2', options: { host: 'new', dbname: 'shop' } },
      ['version: 1 → 2', 'option host: old → new', 'option dbname: none → shop', 'option port: 1 → none'],
      `ALTER SERVER "Shop" VERSION '2' OPTIONS (SET host 'new', ADD dbname 'shop', DROP port)`,
    ],
  ],
  settle: { comment: ['new', 'live', ''], ...openAccess('usage') },
  roundTrips: {
    definition: 'server',
    unwritten: {
      ignore: 'not in the catalog',
      protect: 'not in the catalog',
      renamed_from: 'done once applied',
      user_mappings: 'a kind of its own',
      max_connections: 'not in the catalog',
    },
    stanzas: [
      [
        {
          foreign_data_wrapper: 'api_fdw',
          options: { token: '${env:SHOP_TOKEN}', license: '${env:SHOP_LICENSE}' },
          secret_options: ['license'],
        },
      ],
      [{ options: { host: 'db', port: 5432, truncatable: false, application_name: '007' } }],
      [{ foreign_data_wrapper: 'file_fdw', type: 'files', version: 2, ...writtenAccess('usage'), comment: 'c' }],
    ],
  },
}
