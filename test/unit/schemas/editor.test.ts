// What an editor makes of the published schemas: manifests, overlays and targets in a project that has the package installed.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { starterManifest } from '../../../src/api/init.ts'
import { type Editor, startEditor } from '../../support/editor.ts'

const root = join(import.meta.dirname, '../../..')
const schema = (name: string) =>
  `# yaml-language-server: $schema=./node_modules/fdwsync/schemas/${name}.schema.json\nversion: 1\n`

let editor: Editor
let project: string
beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'fdwsync-editor-'))
  mkdirSync(join(project, 'node_modules'))
  symlinkSync(root, join(project, 'node_modules/fdwsync'))
  editor = await startEditor()
})
afterAll(() => {
  editor.close()
  rmSync(project, { recursive: true })
})

const complete = (text: string, name = 'manifest') =>
  editor.completions(join(project, `${name}.yaml`), schema(name) + text)

function diagnose(text: string): Promise<readonly string[]> {
  const path = join(project, 'diagnosed.yaml')
  writeFileSync(path, text)
  return editor.diagnostics(path)
}

describe('completes', () => {
  test.each([
    ['options of servers', 'servers:\n  s:\n    options:\n      |', ['host', 'datasource', 'servername', 'ssl_ca']],
    ['values of options', 'servers:\n  s:\n    options:\n      sslmode: |', ['verify-full', 'require']],
    ['wrappers', 'servers:\n  s:\n    foreign_data_wrapper: |', ['file_fdw', 'mysql_fdw', 'ogr_fdw', 'tds_fdw']],
    [
      'options of user mappings',
      'servers:\n  s:\n    user_mappings:\n      r:\n        |',
      ['user', 'username', 'sslkey'],
    ],
    ['privileges on servers', 'servers:\n  s:\n    grants:\n      |', ['usage']],
    [
      'options of foreign tables',
      'schemas:\n  s:\n    foreign_tables:\n      t:\n        options:\n          |',
      ['schema_name', 'filename', 'dbname', 'layer', 'match_column_names'],
    ],
    [
      'options of columns',
      'schemas:\n  s:\n    foreign_tables:\n      t:\n        columns:\n          c:\n            options:\n              |',
      ['column_name', 'force_null'],
    ],
    ['options of mirrors', 'mirrors:\n  m:\n    options:\n      |', ['import_default', 'launder_table_names']],
    [
      'index methods',
      'schemas:\n  s:\n    materialized_views:\n      v:\n        indexes:\n          i:\n            method: |',
      ['btree', 'gin', 'brin'],
    ],
    [
      'privileges on views',
      'schemas:\n  s:\n    materialized_views:\n      v:\n        grants:\n          |',
      ['select', 'maintain'],
    ],
    [
      'what to ignore',
      'servers:\n  s:\n    ignore:\n      - |',
      ['comment', 'options.host', 'user_mappings.public.password'],
    ],
    ['hazards', 'policy:\n  allow:\n    - |', ['drops-data']],
  ])('%s', async (_, text, expected) => {
    expect(await complete(text)).toEqual(expect.arrayContaining(expected))
  })

  test('what an overlay changes, and the targets of a fleet', async () => {
    expect(await complete('servers:\n  s:\n    options:\n      |', 'overlay')).toContain('host')
    expect(
      await editor.completions(join(project, 't.yaml'), `${schema('targets').split('\n')[0]}\ntargets:\n  eu:\n    |`),
    ).toEqual(expect.arrayContaining(['database', 'service', 'labels', 'vars']))
  })
})

test('explains what the cursor is on', async () => {
  const path = join(project, 'hover.yaml')
  writeFileSync(path, `${schema('manifest')}name: x\nservers:\n  s:\n    options:\n      fetch_size: 1\n`)
  expect(await editor.hover(path, { line: 6, character: 8 })).toContain('how many rows are fetched at once')
  expect(await editor.hover(path, { line: 2, character: 1 })).toContain("The manifest's own name")
  writeFileSync(path, `${schema('overlay')}overlay: true\nservers:\n  s:\n    options:\n      fetch_size: 1\n`)
  expect(await editor.hover(path, { line: 6, character: 8 })).toContain('how many rows are fetched at once')
})

test('explains in an overlay nothing that is only true of a manifest', async () => {
  const path = join(project, 'overlay.yaml')
  writeFileSync(path, `${schema('overlay')}overlay: true\nservers:\n  s:\n    comment: x\n`)
  const explained = await editor.hover(path, { line: 5, character: 6 })
  expect(explained).toContain('COMMENT ON SERVER')
  expect(explained).not.toContain('If omitted')
})

describe('marks', () => {
  test('unknown keys, but no options of other wrappers', async () => {
    const text = `${schema('manifest')}name: x\nservrs: {}\nservers:\n  s: { options: { of_another_wrapper: 1 } }\n`
    expect(await diagnose(text)).toEqual(['4:1 Property servrs is not allowed.'])
  })
  test('nothing in the manifest that init writes, and in an overlay that removes', async () => {
    const source = { host: 'db', port: 5432, database: 'shop', user: 'reader', schemas: ['public'] }
    expect(await diagnose(starterManifest({ name: 'shop', source, file: 'fdwsync.yaml' }).text)).toEqual([])
    const overlay = `${schema('overlay')}overlay: true\nservers:\n  s:\n    options: { host: null }\n    grants: null\n`
    expect(await diagnose(overlay)).toEqual([])
  })
  test('no variable in the place of a boolean, but any other text', async () => {
    const view = (populate: string) =>
      `${schema('manifest')}name: x\nschemas: { s: { materialized_views: { v: { query: SELECT 1, populate: ${populate} } } } }\n`
    expect(await diagnose(view('"${var:load}"'))).toEqual([])
    expect(await diagnose(view('true'))).toEqual([])
    expect(await diagnose(view('maybe'))).toHaveLength(1)
    const attribute = (notNull: string) =>
      `${schema('manifest')}name: x\nschemas: { s: { foreign_tables: { t: { server: x, columns: { c: { type: int, not_null: ${notNull} } } } } } }\n`
    expect(await diagnose(attribute('"${var:strict}"'))).toEqual([])
    expect(await diagnose(attribute('{ no_inherit: true }'))).toEqual([])
    expect(await diagnose(attribute('maybe'))).toHaveLength(1)
    const overlay = 'overlay: true\nservers: { s: { protect: "${var:careful}" }, t: { protect: null } }\n'
    expect(await diagnose(`${schema('overlay')}${overlay}`)).toEqual([])
  })
  test('what is wrong in overlays and targets', async () => {
    expect(await diagnose(`${schema('overlay')}overlay: true\nservers: { s: { option: {} } }\n`)).toEqual([
      '4:17 Property option is not allowed.',
    ])
    const [line] = schema('targets').split('\n')
    expect(await diagnose(`${line}\ntargets:\n  a: postgresql://localhost/x\n`)).toEqual([])
    expect(await diagnose(`${line}\ntarget: {}\n`)).toContain('2:1 Property target is not allowed.')
  })
})
