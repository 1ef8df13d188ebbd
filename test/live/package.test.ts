// The package as npm would publish it: what it contains, how large it is, and that it can be imported and required. Needs a build.

import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import * as nodeModule from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
// A project with nothing but the package, as npm installs it.
const project = mkdtempSync(join(tmpdir(), 'fdwsync-package-'))
afterAll(() => rmSync(project, { recursive: true }))
const [packed] = JSON.parse(
  execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
    cwd: root,
    encoding: 'utf8',
  }),
) as [
  {
    readonly filename: string
    readonly files: readonly { readonly path: string; readonly size: number }[]
    readonly unpackedSize: number
  },
]
const installed = join(project, 'node_modules/fdwsync')
mkdirSync(installed, { recursive: true })
execFileSync('tar', ['-xzf', join(project, packed.filename), '-C', installed, '--strip-components=1'])
symlinkSync(join(root, 'node_modules/libpg-query'), join(project, 'node_modules/libpg-query'))
const paths = packed.files.map(({ path }) => path)

test('has the command, the library and the schemas, and nothing that only builds them', () => {
  expect(paths).toEqual(expect.arrayContaining(['dist/fdwsync.js', 'dist/index.js', 'schemas/manifest.schema.json']))
  expect(paths.filter((path) => /\.map$|expect\.yaml$|^src\/|^test\//.test(path))).toEqual([])
})

test('works in an empty folder', () => {
  const run = (...args: readonly string[]) =>
    execFileSync(process.execPath, [join(installed, 'dist/fdwsync.js'), ...args], {
      cwd: project,
      encoding: 'utf8',
      env: { SHOP_PASSWORD: 'x' },
      stdio: 'pipe',
    })
  run('init', '--name', 'shop')
  // PostgreSQL's grammar checks this one.
  const view = 'schemas: { s: { materialized_views: { v: { query: SELECT 1 AS one } } } }'
  writeFileSync(join(project, 'view.yaml'), `version: 1\nname: shop\n${view}\n`)
  expect(run('validate', '-f', 'fdwsync.yaml', '-f', 'view.yaml')).toContain('valid')
  expect(JSON.parse(run('schema', 'overlay'))).toMatchObject({ $id: 'overlay.schema.json' })
})

test('has one file of declarations, so that nothing internal can be imported as a type', () => {
  expect(paths.filter((path) => path.endsWith('.d.ts'))).toEqual(['dist/index.d.ts'])
})

test('every export of the library is documented', () => {
  const declarations = readFileSync(join(root, 'dist/index.d.ts'), 'utf8')
  const exported = /^export \{ (.*) \}$/m.exec(declarations)?.[1]?.split(', ') ?? []
  expect(exported.length).toBeGreaterThan(80)
  const isDocumented = (name: string) =>
    new RegExp(`\\*/\\n(?:declare )?(?:function|interface|type|class|const) ${name}\\b`).test(declarations)
  const own = exported.map((each) => each.split(' as ')[0] ?? each)
  expect(own.filter((name) => !isDocumented(name))).toEqual([])
})

// 1.2 MB of it is our code, half of which is texts and SQL, and 0.23 MB that of the packages in the bundle.
test('is no larger than it has to be', () => {
  expect(packed.unpackedSize).toBeLessThan(2_130_000)
})

test('names the license of each package in the bundle, and needs none but the grammar', () => {
  const licenses = readFileSync(join(root, 'dist/LICENSES.txt'), 'utf8')
  for (const name of ['chalk', 'commander', 'pg', 'yaml'])
    expect(licenses).toMatch(new RegExp(`^${name} \\d.*\\(\\w+\\)$`, 'm'))
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(Object.keys(dependencies)).toEqual(['libpg-query'])
})

test('the version is printed before anything else is loaded', () => {
  const main = readFileSync(join(root, 'dist/fdwsync.js'), 'utf8')
  const loaded = Array.from(main.matchAll(/(?:import|from)"\.\/([^"]+)"/g), ([, file = '']) => file)
  for (const file of loaded) expect(readFileSync(join(root, 'dist', file), 'utf8')).not.toMatch(/import|require/)
  expect(loaded).toHaveLength(1)
})

// Node 20 has no such cache.
test('a command keeps what V8 has compiled, and runs where that cannot be written', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-cache-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const help = (cache: string) =>
    spawnSync(process.execPath, [join(root, 'dist/fdwsync.js'), 'help'], {
      env: { ...process.env, XDG_CACHE_HOME: cache, NODE_COMPILE_CACHE: '' },
      encoding: 'utf8',
    })
  expect(help(join(folder, 'cache'))).toMatchObject({ status: 0, stderr: '' })
  expect(existsSync(join(folder, 'cache/fdwsync'))).toBe('enableCompileCache' in nodeModule)
  writeFileSync(join(folder, 'file'), '')
  expect(help(join(folder, 'file'))).toMatchObject({ status: 0, stderr: '' })
  // Another user could put code there.
  const shared = join(folder, 'shared')
  mkdirSync(shared)
  chmodSync(shared, 0o777)
  expect(help(shared)).toMatchObject({ status: 0, stderr: '' })
  const kept = join(shared, 'fdwsync')
  expect(existsSync(kept) ? readdirSync(kept) : []).toEqual([])
})

test('what is in place is found without the planner, and nothing loads the grammar but what parses SQL', () => {
  const chunks = paths.filter((path) => path.startsWith('dist/chunks/'))
  const start = chunks.filter((path) => /\/(plan-unparsed|program)-/.test(path))
  expect(start).toHaveLength(2)
  expect(staticImports(start).filter((path) => /\/(driver|planner)-/.test(path))).toEqual([])
  expect(chunks.filter((path) => /from"libpg-query"|import"libpg-query"/.test(textOf(path)))).toEqual([])
})

function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** The files that are loaded with these. */
function staticImports(paths: readonly string[]): readonly string[] {
  const loaded = new Set(paths)
  for (const path of loaded) {
    for (const [, file = ''] of textOf(path).matchAll(/(?:import|from)"\.\/([^"]+)"/g))
      loaded.add(`dist/chunks/${file}`)
  }
  return [...loaded]
}

test('schemas refer to files of the package', () => {
  for (const path of paths.filter((each) => each.startsWith('schemas/'))) {
    expect(JSON.parse(readFileSync(join(root, path), 'utf8')).$id).toBe(basename(path))
    expect(nodeModule.createRequire(join(root, 'x.js')).resolve(`fdwsync/${path}`)).toBe(join(root, path))
  }
})

const canRequire = 'require_module' in process.features

test.each([
  [
    'import',
    "import { FdwsyncError, toolVersion } from 'fdwsync'; console.log(toolVersion, FdwsyncError.name)",
    'module',
  ],
  [
    'require',
    "const { FdwsyncError, toolVersion } = require('fdwsync'); console.log(toolVersion, FdwsyncError.name)",
    'commonjs',
  ],
])('can be loaded by %s', (how, code, type) => {
  const { stdout, stderr } = spawnSync(process.execPath, [`--input-type=${type}`, '-e', code], {
    cwd: project,
    encoding: 'utf8',
  })
  // Before 20.19 and 22.12, Node cannot require modules, and says what to do.
  if (how === 'require' && !canRequire) expect(stderr).toMatch(/dynamic import\(\)/)
  else expect(stdout).toMatch(/^\d+\.\d+\.\d+ FdwsyncError\n$/)
})
