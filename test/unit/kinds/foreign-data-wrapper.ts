// Foreign-data wrappers.
import { type ForeignDataWrapperSpec, foreignDataWrapper } from '../../../src/kinds/foreign-data-wrapper.ts'
import { accessRows, liveAccess, openAccess, writtenAccess } from './access.ts'
import { commentRows, ignoreRows, namedSecretRows, optionRows, protectRows, secretOptionRows } from './rows.ts'
import { type KindTable, nothing } from './table.ts'

const alter = 'ALTER FOREIGN DATA WRAPPER csv'
const handler = { schema: 'public', name: 'csv_handler' }
const validator = { schema: 'public', name: 'csv_validator' }

export const foreignDataWrapperTable: KindTable<ForeignDataWrapperSpec> = {
  kind: foreignDataWrapper,
  id: { kind: 'foreignDataWrapper', name: 'csv' },
  spec: { ...liveAccess, handler: null, validator: null, options: {}, comment: '' },
  compare: {
    handler: [
      [{}, { handler }, 'handler: none → public.csv_handler', `${alter} HANDLER public.csv_handler`],
      [{ handler }, {}, 'handler: public.csv_handler → none', `${alter} NO HANDLER`],
      [{ handler }, { handler: undefined }, nothing, 'the extension decides'],
      [
        {},
        { handler },
        'handler: none → public.csv_handler',
        `${alter} HANDLER csv_handler`,
        { declared: { handler: { schema: null, name: 'csv_handler' } } },
      ],
    ],
    validator: [
      [{}, { validator }, 'validator: none → public.csv_validator', `${alter} VALIDATOR public.csv_validator`],
      [{ validator }, {}, 'validator: public.csv_validator → none', `${alter} NO VALIDATOR`],
    ],
    options: [...optionRows(alter), ...secretOptionRows(alter)],
    secretOptions: namedSecretRows(alter),
    comesWithExtension: [[{}, { comesWithExtension: true }, nothing, 'it only decides who creates the wrapper']],
    ofExtension: [[{}, { ofExtension: true }, nothing, 'it only decides who creates the wrapper']],
    comment: commentRows('FOREIGN DATA WRAPPER csv'),
    ignore: ignoreRows,
    protect: protectRows,
    ...accessRows('FOREIGN DATA WRAPPER csv', 'FOREIGN DATA WRAPPER csv', 'usage'),
  },
  together: [
    [
      { handler, options: { a: '1' } },
      { validator, options: { b: '2' } },
      [
        'handler: public.csv_handler → none',
        'validator: none → public.csv_validator',
        'option b: none → 2',
        'option a: 1 → none',
      ],
      `${alter} NO HANDLER VALIDATOR public.csv_validator OPTIONS (ADD b '2', DROP a)`,
    ],
  ],
  settle: { comment: ['new', 'live', ''], ...openAccess('usage') },
  settleRows: [
    [
      'what the manifest leaves open is as the extension created it',
      { handler: undefined, validator: undefined },
      undefined,
      { handler, validator, ofExtension: true },
      { handler, validator },
    ],
    [
      'without an extension, nothing is none',
      {},
      undefined,
      { handler, validator },
      { handler: null, validator: null },
    ],
  ],
  roundTrips: {
    definition: 'foreign_data_wrapper',
    unwritten: { ignore: 'not in the catalog', protect: 'not in the catalog' },
    stanzas: [
      [{}],
      [{ handler: { schema: 'public', name: 'csv_handler' }, validator: 'csv_validator', comment: 'c' }],
      [{ options: { token: '${env:CSV_TOKEN}', license: '${env:CSV_LICENSE}' }, secret_options: ['license'] }],
      [{ options: { debug: true }, ...writtenAccess('usage') }],
      [{ comment: 'c' }, { ofExtension: true, handler, validator, owner: 'alice' }],
    ],
  },
}
