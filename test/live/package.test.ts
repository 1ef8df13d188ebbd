// The package as npm would publish it: what it contains, how large it is, and that it can be imported and required. Needs a build.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const [packed] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' }),
) as [{ readonly files: readonly { readonly path: string; readonly size: number }[]; readonly unpackedSize: number }]
const paths = packed.files.map(({ path }) => path)

test('has the command, the library, the schemas and the examples, and nothing of how they are made', () => {
  expect(paths).toEqual(expect.arrayContaining(['dist/fdwsync.js', 'dist/index.js', 'schemas/manifest.schema.json']))
  expect(paths.filter((path) => /\.map$|expect\.yaml$|^src\/|^test\//.test(path))).toEqual([])
})

test('is small', () => {
  expect(packed.unpackedSize).toBeLessThan(2_100_000)
  const declarations = packed.files.filter(({ path }) => path.endsWith('.d.ts'))
  expect(declarations.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(330_000)
})

const major = Number(process.versions.node.split('.')[0])

test.each([
  ['import', "import { toolVersion } from 'fdwsync'; console.log(toolVersion)", 'module'],
  ['require', "console.log(require('fdwsync').toolVersion)", 'commonjs'],
])('can be loaded by %s', (how, code, type) => {
  // Node 20 cannot require modules.
  if (how === 'require' && major < 22) return
  const run = () =>
    execFileSync(process.execPath, [`--input-type=${type}`, '-e', code], { cwd: root, encoding: 'utf8' })
  expect(run()).toMatch(/^\d+\.\d+\.\d+/)
})
