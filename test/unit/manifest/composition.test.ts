// A manifest of several files: how they are put together, overlays, variables, and the places of errors.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FdwsyncError, formatProblem } from '../../../src/core/errors.ts'
import { lockPathOf, type ManifestRequest, readManifestTexts } from '../../../src/manifest/load.ts'
import type { ParsedManifest } from '../../../src/manifest/manifest.ts'
import { parseManifestFiles } from '../../../src/manifest/parse.ts'
import { digestOf } from '../../../src/manifest/texts.ts'

const base = `version: 1
name: shop
servers:
  shop:
    options: { host: shop-db, port: 5432 }
    comment: the shop
schemas:
  proxy:
    comment: tables of the shop
    foreign_tables:
      orders:
        server: shop
        columns:
          id: bigint
          total: numeric
`
const overlay = (text: string) => `version: 1\noverlay: true\n${text}`

interface Given {
  readonly variables?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly unresolved?: boolean
}

/** Files by name, in the order in which they are given. */
function read(files: Readonly<Record<string, string>>, given: Given = {}): Promise<ParsedManifest> {
  const { variables = {}, env = {}, unresolved = false } = given
  const [first, ...later] = Object.entries(files).map(([file, text]) => ({
    file,
    bytes: Buffer.from(text),
    references: unresolved
      ? undefined
      : { env: (name: string) => env[name], file: (path: string) => `${file}/${path}` },
  }))
  if (!first) throw new Error('no file')
  return parseManifestFiles({ files: [first, ...later], variables })
}

async function problemsOf(reading: Promise<unknown>): Promise<string> {
  const error: unknown = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof FdwsyncError)) throw error ?? new Error('the manifest is valid')
  return error.problems.map(formatProblem).join('\n')
}

const at = (parsed: ParsedManifest, ...path: (string | number)[]) => {
  const { file, line, column } = parsed.place(path)
  return `${file}:${line}:${column}`
}

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-folder-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  mkdirSync(join(folder, 'deeper.yaml'))
  return folder
}

describe('several files', () => {
  const more = `version: 1
name: shop
schemas:
  proxy:
    foreign_tables:
      customers: { server: shop, columns: { id: bigint } }
  shop: {}
`

  test('together declare what each declares, and each keeps its places', async () => {
    const parsed = await read({ 'a.yaml': base, 'b.yaml': more })
    const tables = parsed.manifest.schemas?.proxy?.foreign_tables
    expect(Object.keys(tables ?? {})).toEqual(['orders', 'customers'])
    expect(Object.keys(parsed.manifest.schemas ?? {})).toEqual(['proxy', 'shop'])
    expect(at(parsed, 'schemas', 'proxy', 'foreign_tables', 'orders')).toBe('a.yaml:11:7')
    expect(at(parsed, 'schemas', 'proxy', 'foreign_tables', 'customers')).toBe('b.yaml:6:7')
    expect(at(parsed, 'schemas', 'shop')).toBe('b.yaml:7:3')
  })

  test('cannot declare the same object, whatever it is', async () => {
    const again = `version: 1
name: shop
servers:
  shop: { options: { host: elsewhere } }
schemas:
  proxy:
    comment: again
    foreign_tables:
      orders: { server: shop, columns: { id: bigint } }
`
    const problems = await problemsOf(read({ 'a.yaml': base, 'b.yaml': again }))
    expect(problems).toContain('b.yaml:4:3: servers.shop is declared already, at a.yaml:4:3')
    expect(problems).toContain('b.yaml:7:5: schemas.proxy.comment is declared already, at a.yaml:9:5')
    expect(problems).toContain('b.yaml:9:7: schemas.proxy.foreign_tables.orders is declared already, at a.yaml:11:7')
    expect(problems).toContain('overlay: true')
  })

  test('have one name', async () => {
    const problems = await problemsOf(read({ 'a.yaml': base, 'b.yaml': more.replace('name: shop', 'name: shops') }))
    expect(problems).toContain('b.yaml:2:1: "name" differs from the one at a.yaml:2:1')
  })

  test('report problems of each, in order', async () => {
    const problems = await problemsOf(
      read({ 'a.yaml': base.replace('comment: the', 'coment: the'), 'b.yaml': more.replace('columns', 'colums') }),
    )
    expect(problems.match(/^[ab]\.yaml:\d+:\d+/gm)).toEqual(['a.yaml:6:5', 'b.yaml:6:34'])
  })

  test('refer to files beside each of them', async () => {
    const text = more.replace('servers: {}', '').replace('shop: {}', 'shop: { comment: "${file:b}" }')
    const parsed = await read({ 'a.yaml': base.replace('the shop', '"${file:a}"'), 'b.yaml': text })
    expect(parsed.manifest.servers?.shop?.comment).toBe('a.yaml/a')
    expect(parsed.manifest.schemas?.shop?.comment).toBe('b.yaml/b')
  })
})

describe('an overlay', () => {
  test('merges maps, removes by null, and replaces lists and values', async () => {
    const listed = base.replace('columns:', 'inherits: [{ schema: a, name: b }]\n        columns:')
    const parsed = await read({
      'base.yaml': listed,
      'prod.yaml': overlay(`servers:
  shop: { options: { host: prod-db, port: ~ }, comment: null }
schemas:
  proxy:
    foreign_tables:
      orders:
        inherits: [{ schema: c, name: d }]
        columns: { total: "numeric(12,2)", note: text }
`),
    })
    expect(parsed.manifest.servers?.shop).toEqual({ options: { host: 'prod-db' } })
    expect(parsed.manifest.schemas?.proxy?.foreign_tables?.orders).toEqual({
      server: 'shop',
      inherits: [{ schema: 'c', name: 'd' }],
      columns: { id: 'bigint', total: 'numeric(12,2)', note: 'text' },
    })
    const orders = ['schemas', 'proxy', 'foreign_tables', 'orders'] as const
    expect([
      at(parsed, ...orders),
      at(parsed, ...orders, 'columns', 'id'),
      at(parsed, ...orders, 'columns', 'total'),
      at(parsed, ...orders, 'columns', 'note'),
      at(parsed, ...orders, 'inherits', 0, 'name'),
      at(parsed, 'servers', 'shop'),
      at(parsed, 'servers', 'shop', 'options', 'host'),
      at(parsed, 'servers', 'shop', 'options', 'port'),
    ]).toEqual([
      'base.yaml:11:7',
      'base.yaml:15:11',
      'prod.yaml:10:20',
      'prod.yaml:10:44',
      'prod.yaml:9:33',
      'base.yaml:4:3',
      'prod.yaml:4:22',
      'prod.yaml:4:37',
    ])
  })

  test('removes an object that a later one declares once more', async () => {
    const parsed = await read({
      'base.yaml': base,
      'gone.yaml': overlay('servers: { shop: null }\n'),
      'new.yaml': overlay('servers: { shop: { comment: new } }\n'),
    })
    expect(parsed.manifest.servers?.shop).toEqual({ comment: 'new' })
    expect(at(parsed, 'servers', 'shop')).toBe('new.yaml:3:12')
  })

  test.each([
    ['first', { 'o.yaml': overlay('name: a\n') }, 'o.yaml:2:1: an overlay changes the files before it'],
    [
      'of nothing',
      { 'a.yaml': base, 'o.yaml': overlay('servers: { shpo: null }\n') },
      'o.yaml:3:12: no file before this one has servers.shpo, which is to be removed',
    ],
    [
      'with an unknown key',
      { 'a.yaml': base, 'o.yaml': overlay('servers: { shop: { coment: x } }\n') },
      'o.yaml:3:20: unknown key "coment"; did you mean "comment"?',
    ],
    [
      'that removes what is required',
      {
        'a.yaml': base,
        'o.yaml': overlay('schemas: { proxy: { foreign_tables: { orders: { server: null } } } }\n'),
      },
      'o.yaml:3:49: missing key "server" in "orders"',
    ],
    [
      'with a map in place of a value',
      { 'a.yaml': base, 'o.yaml': overlay('servers: { shop: { comment: { a: b } } }\n') },
      'o.yaml:3:29: "comment" must be text',
    ],
  ])('that is wrong: %s', async (_, files, message) => {
    expect(await problemsOf(read(files))).toContain(message)
  })

  test('has places inside of its SQL', async () => {
    const parsed = await read({
      'a.yaml': base,
      'o.yaml': overlay('schemas: { proxy: { foreign_tables: { orders: { columns: { total: "numeric(12" } } } } }\n'),
    })
    const place = parsed.placeInside(['schemas', 'proxy', 'foreign_tables', 'orders', 'columns', 'total'], 8)
    expect(place).toMatchObject({ file: 'o.yaml', line: 3, column: 76 })
  })

  test('whose base contains a secret that it replaces has no digest', async () => {
    const secret = base.replace('comment: the shop', 'user_mappings: { etl: { password: hunter2 } }')
    const replaced = overlay('servers: { shop: { user_mappings: { etl: { password: "${env:P}" } } } }\n')
    expect((await read({ 'a.yaml': secret, 'o.yaml': replaced }, { env: { P: 'x' } })).digest).toBeUndefined()
    expect((await read({ 'a.yaml': base, 'o.yaml': overlay('name: x\n') })).digest).toBeDefined()
  })
})

describe('variables', () => {
  const declared = `vars:
  stage: { default: dev, description: Which environment }
  port: { type: integer, default: 5432 }
  loads: { type: boolean, default: true }
  region: {}
`
  const using = `version: 1
name: shop
${declared}servers:
  shop:
    options: { host: "db-\${var:stage}.\${var:region}", port: "\${var:port}" }
schemas:
  shop:
    materialized_views:
      orders: { query: "SELECT 1 AS \${var:stage}", populate: "\${var:loads}" }
`

  test('have defaults, are set, and are what their type is', async () => {
    const parsed = await read({ 'm.yaml': using }, { variables: { region: 'eu', loads: 'false' } })
    expect(parsed.manifest.servers?.shop?.options).toEqual({ host: 'db-dev.eu', port: '5432' })
    expect(parsed.manifest.schemas?.shop?.materialized_views?.orders).toEqual({
      query: 'SELECT 1 AS dev',
      populate: false,
    })
    expect(parsed.variables.map(({ name, type, value, isGiven }) => [name, type, value, isGiven])).toEqual([
      ['stage', 'text', 'dev', false],
      ['port', 'integer', '5432', false],
      ['loads', 'boolean', 'false', true],
      ['region', 'text', 'eu', true],
    ])
  })

  test('are text: what they contain is no reference', async () => {
    const parsed = await read({ 'm.yaml': using }, { variables: { region: '${env:HOME}', stage: '${var:port}' } })
    expect(parsed.manifest.servers?.shop?.options?.host).toBe('db-${var:port}.${env:HOME}')
  })

  test('of a base have other defaults in an overlay, and keep their types', async () => {
    const files = { 'm.yaml': using, 'o.yaml': overlay('vars: { region: us, port: 6432 }\n') }
    const parsed = await read(files)
    expect(parsed.manifest.servers?.shop?.options).toEqual({ host: 'db-dev.us', port: '6432' })
    expect(parsed.variables.find(({ name }) => name === 'port')).toMatchObject({ type: 'integer', value: '6432' })
  })

  test.each([
    [{}, 'm.yaml:10:22: ${var:region}: the variable has no value\n', '--var region=…'],
    [{ variables: { region: 'x', stag: 'y' } }, '--var stag: the manifest declares no such variable; did you mean', ''],
    [{ variables: { region: 'x', port: 'y' } }, '--var port: the value must be a whole number, not "y"', ''],
    [{ variables: { region: 'x', loads: 'yes' } }, '--var loads: the value must be true or false, not "yes"', ''],
  ])('given %j', async (given, message, hint) => {
    const problems = await problemsOf(read({ 'm.yaml': using }, given))
    expect(problems).toContain(message)
    expect(problems).toContain(hint)
  })

  test.each([
    ['${var:stagee}', '${var:stagee}: the manifest declares no such variable; did you mean "stage"?'],
    ['${var:q}', '${var:q}: the manifest declares no such variable\n'],
    ['${var:stage', 'unknown reference ${var:stage'],
  ])('that are used wrongly: %s', async (text, message) => {
    const wrong = using.replace('db-${var:stage}.', text)
    expect(await problemsOf(read({ 'm.yaml': wrong }, { variables: { region: 'eu' } }))).toContain(message)
  })

  test('are no part of names: without such a variable a name is as written', async () => {
    const named = (name: string) => using.replace('      orders:', `      "${name}":`)
    const given = { variables: { region: 'eu' } }
    expect(await problemsOf(read({ 'm.yaml': named('orders_${var:stage}') }, given))).toMatch(
      /^m\.yaml:14:7: a variable cannot be a part of a name: \$\{var:stage\}\n.*overlay/s,
    )
    const parsed = await read({ 'm.yaml': named('orders_${var:x}') }, given)
    expect(Object.keys(parsed.manifest.schemas?.shop?.materialized_views ?? {})).toEqual(['orders_${var:x}'])
  })

  test.each([
    ['port: { type: integer, default: a }', 'the default of "port" must be a whole number, not "a"'],
    ['port: { type: number }', '"type" must be one of text, integer, boolean'],
    ['port: { default: "${env:PORT}" }', 'the default of a variable cannot contain a reference'],
    ['9port: 1', '"9port" is no name of a variable'],
    ['port: { value: 1 }', 'unknown key "value"'],
    ['port: [1]', '"port" must be'],
  ])('that are declared wrongly: %s', async (text, message) => {
    const problems = await problemsOf(read({ 'm.yaml': `version: 1\nname: a\nvars:\n  ${text}\n` }))
    expect(problems).toContain(message)
    expect(problems).toMatch(/^m\.yaml:4:\d+: /)
  })

  test('without a value are left alone if references are', async () => {
    const parsed = await read({ 'm.yaml': using }, { unresolved: true })
    expect(parsed.manifest.servers?.shop?.options?.host).toBe('db-dev.${var:region}')
    const required = using.replace('boolean, default: true', 'boolean')
    await expect(read({ 'm.yaml': required }, { unresolved: true })).resolves.toMatchObject({ isUnresolved: true })
  })

  test('are part of the digest, like the order of the files', () => {
    const file = (text: string) => ({ file: 'm.yaml', bytes: Buffer.from(text), references: undefined })
    const digests = [
      digestOf({ files: [file('a')], variables: {} }),
      digestOf({ files: [file('a')], variables: { x: '1' } }),
      digestOf({ files: [file('a')], variables: { x: '2' } }),
      digestOf({ files: [file('a'), file('b')], variables: {} }),
      digestOf({ files: [file('b'), file('a')], variables: {} }),
    ]
    expect(new Set(digests).size).toBe(digests.length)
  })
})

describe('a folder', () => {
  const nothing: Omit<ManifestRequest, 'paths'> = {
    variables: {},
    env: {},
    unresolved: false,
    allowedFolders: [],
    readStandardInput: async () => Buffer.from('version: 1\n'),
  }
  test('is its manifests by name, without locks, hidden files and folders', async () => {
    const folder = folderOf({ 'b.yml': '', 'a.yaml': '', 'a.lock.yaml': '', '.x.yaml': '', 'README.md': '' })
    const { files } = await readManifestTexts({ ...nothing, paths: [folder, '-'] })
    expect(files.map(({ file }) => file)).toEqual([join(folder, 'a.yaml'), join(folder, 'b.yml'), 'standard input'])
    expect(lockPathOf([folder])).toBe(join(folder, 'fdwsync.lock.yaml'))
  })

  test('without manifests, and a file that is given twice', async () => {
    const folder = folderOf({ 'README.md': '' })
    expect(await problemsOf(readManifestTexts({ ...nothing, paths: [folder] }))).toContain('contains no manifest')
    const twice = folderOf({ 'a.yaml': '' })
    const paths = [twice, join(twice, 'a.yaml')]
    expect(await problemsOf(readManifestTexts({ ...nothing, paths }))).toContain('a.yaml is given twice')
    expect(await problemsOf(readManifestTexts({ ...nothing, paths: ['-', '-'] }))).toContain(
      'standard input is given twice',
    )
  })
})

describe('the example', () => {
  const folder = join(import.meta.dirname, '../../../examples/environments')
  const load = async (paths: readonly string[], variables: Readonly<Record<string, string>> = {}) =>
    parseManifestFiles(
      await readManifestTexts({
        paths: paths.map((path) => join(folder, path)),
        variables,
        env: { SHOP_PASSWORD: 'x' },
        unresolved: false,
        allowedFolders: [],
        readStandardInput: () => Promise.reject(new Error('standard input was read')),
      }),
    )

  test('has one manifest for all environments', async () => {
    const [dev, test, production] = await Promise.all([
      load(['manifest']),
      load(['manifest'], { stage: 'test', keep_days: '7' }),
      load(['manifest', 'overlays/production.yaml']),
    ])
    const summary = ({ manifest }: ParsedManifest) => {
      const { events, recent_orders: orders } = manifest.schemas?.reports?.materialized_views ?? {}
      const { host, port, fetch_size: size } = manifest.servers?.shop?.options ?? {}
      return [
        host,
        port,
        size,
        events?.populate,
        orders?.query?.match(/\d+ days/)?.[0],
        Object.keys(orders?.indexes ?? {}),
      ]
    }
    const own = ['recent_orders_id_idx']
    expect([dev, test, production].map(summary)).toEqual([
      ['shop-db.dev.internal', '5432', '1000', false, '30 days', own],
      ['shop-db.test.internal', '5432', '1000', false, '7 days', own],
      ['shop-db.production.internal', '5432', '50000', true, '365 days', [...own, 'recent_orders_placed_at_idx']],
    ])
  })

  test('of README is valid, and its overlay changes what the manifest has', async () => {
    const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8')
    const under = (heading: string) => /```yaml\n(.*?)```/s.exec(readme.slice(readme.indexOf(heading)))?.[1] ?? ''
    const files = folderOf({
      'fdwsync.yaml': under('## The manifest'),
      'production.yaml': under('### Several files'),
    })
    const { manifest } = await load(
      ['fdwsync.yaml', 'production.yaml'].map((name) => relative(folder, join(files, name))),
    )
    expect(manifest.servers?.shop?.options).toEqual({ host: 'shop-db.production', dbname: 'shop', fetch_size: '50000' })
  })
})
