// Rows that several kinds have.
import { Secret } from '../../../src/core/secret.ts'
import type { OptionValues } from '../../../src/kinds/facets/options.ts'
import { nothing, type Row } from './table.ts'

type Comments = { readonly comment?: string | undefined }

/** @param target follows COMMENT ON, @param field before `comment` */
export const commentRows = (target: string, field = 'comment'): readonly [Row<Comments>, ...Row<Comments>[]] => [
  [{ comment: '' }, { comment: "it's" }, `${field}: none → it's`, `COMMENT ON ${target} IS 'it''s'`],
  [{ comment: 'old' }, { comment: 'new' }, `${field}: old → new`, `COMMENT ON ${target} IS 'new'`],
  [{ comment: 'old' }, { comment: '' }, `${field}: old → none`, `COMMENT ON ${target} IS NULL`],
  [{ comment: 'old' }, { comment: undefined }, nothing, 'not declared'],
]

/** What is ignored is known from the ledger and the manifest, and is no difference by itself. */
export const ignoreRows = [[{}, { ignore: ['comment'] }, nothing, 'only the ledger has it']] as const

export const protectRows: readonly [Row<{ readonly protect?: true }>] = [
  [{}, { protect: true }, nothing, 'it protects the object in plans, and is not in the catalog'],
]

type Optioned = { readonly options: OptionValues; readonly secretOptions?: readonly string[] }

/** Options of the one OPTIONS clause that ALTER takes. @param alter begins the statement */
export const optionRows = (alter: string): readonly [Row<Optioned>, ...Row<Optioned>[]] => [
  [{ options: {} }, { options: { a: "x'y" } }, `option a: none → x'y`, `${alter} OPTIONS (ADD a 'x''y')`],
  [{ options: { a: 'x' } }, { options: { a: '' } }, 'option a: x → ', `${alter} OPTIONS (SET a '')`],
  [{ options: { a: 'x' } }, { options: {} }, 'option a: x → none', `${alter} OPTIONS (DROP a)`],
  [{ options: { a: '1', b: '2' } }, { options: { b: '2', a: '1' } }, nothing, 'the order has no meaning'],
]

const secretOf = (value: string) => ({ digest: `digest of ${value}`, secret: new Secret(value) })
const [old, rotated] = [secretOf('hunter2'), secretOf('hunter3')]

/** Options that are secrets. @param alter begins the statement, @param locked what comes before one with a secret */
export const secretOptionRows = (alter: string, locked = ''): readonly [Row<Optioned>, ...Row<Optioned>[]] => [
  [
    { options: {} },
    { options: { token: old } },
    'option token: none → (secret)',
    `${locked}${alter} OPTIONS (ADD token '(secret)')`,
  ],
  [
    { options: { token: old } },
    { options: { token: rotated } },
    'option token: (secret) → (secret)',
    `${locked}${alter} OPTIONS (SET token '(secret)')`,
  ],
  [{ options: { token: old } }, { options: { token: old } }, nothing, 'the digests are equal'],
  [{ options: { token: old } }, { options: {} }, 'option token: (secret) → none', `${alter} OPTIONS (DROP token)`],
]

/** Options that only the manifest knows to be secrets: they are read as plain text. */
export const namedSecretRows = (alter: string, locked = ''): readonly [Row<Optioned>, ...Row<Optioned>[]] => [
  [
    { options: { license: 'x' } },
    { options: { license: 'y' }, secretOptions: ['license'] },
    'option license: (secret) → (secret)',
    `${locked}${alter} OPTIONS (SET license '(secret)')`,
  ],
  [
    { options: { license: 'x' } },
    { options: {}, secretOptions: ['license'] },
    'option license: (secret) → none',
    `${alter} OPTIONS (DROP license)`,
  ],
  [
    { options: { license: 'x' } },
    { options: { license: 'x' }, secretOptions: ['license'] },
    nothing,
    'the digests are equal',
  ],
]

type Stored = { readonly with?: Readonly<Record<string, string>> | undefined }

/** Storage parameters. @param alter begins the statement */
export const storageRows = (alter: string): readonly [Row<Stored>, ...Row<Stored>[]] => [
  [{ with: {} }, { with: { fillfactor: '70' } }, 'with fillfactor: none → 70', `${alter} SET (fillfactor = '70')`],
  [{ with: { fillfactor: '70' } }, { with: {} }, 'with fillfactor: 70 → none', `${alter} RESET (fillfactor)`],
  [{ with: { fillfactor: '70' } }, { with: undefined }, nothing, 'not declared'],
]

type Placed = { readonly tablespace: string | null; readonly databaseTablespace?: string }

export const tablespaceRows = (
  alter: string,
): Record<'tablespace' | 'databaseTablespace', readonly [Row<Placed>, ...Row<Placed>[]]> => ({
  tablespace: [
    [
      { tablespace: 'pg_default' },
      { tablespace: 'fast' },
      'tablespace: pg_default → fast',
      `${alter} SET TABLESPACE fast`,
    ],
  ],
  databaseTablespace: [
    [
      { tablespace: 'fast', databaseTablespace: 'pg_default' },
      { tablespace: null },
      'tablespace: fast → pg_default',
      `${alter} SET TABLESPACE pg_default`,
    ],
    [
      { tablespace: 'pg_default', databaseTablespace: 'pg_default' },
      { tablespace: null },
      nothing,
      'the default already',
    ],
  ],
})
