import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kinds } from '../../src/kinds/registry.ts'
import { roomsFromTheGroundUp } from './rooms.ts'

const root = resolve(import.meta.dirname, '../..')

interface SourceFile {
  /** `differ/diff.ts`, from src. */
  readonly path: string
  readonly folder: string
  readonly text: string
  readonly imports: readonly { readonly specifier: string; readonly isType: boolean }[]
}

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.includes('generated'))
  .map((path): SourceFile => {
    const text = withoutComments(readFileSync(join(root, 'src', path), 'utf8'))
    return {
      path,
      folder: path.split('/').length === 1 ? '' : (path.split('/')[0] ?? ''),
      text,
      imports: importsOf(text),
    }
  })

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}

function importsOf(text: string): SourceFile['imports'] {
  const statements = text.matchAll(
    /(?:import|export)\s+(type\s)?[^'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g,
  )
  return Array.from(statements, ([, type, fixed, dynamic]) => ({
    specifier: fixed ?? dynamic ?? '',
    isType: type !== undefined,
  }))
}

/** The folder of src that an import leads to; undefined for packages and Node's modules. */
function importedFolder(file: Pick<SourceFile, 'path'>, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  const target = relative(join(root, 'src'), resolve(root, 'src', dirname(file.path), specifier))
  return target.startsWith('..') ? undefined : target.includes('/') ? target.split('/')[0] : ''
}

const levelOf = (room: string) => roomsFromTheGroundUp.findIndex((rooms) => rooms.includes(room))

/** The paths of files that import each other, a list for each circle. */
function importCircles(): readonly string[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const importedBy = (file: SourceFile) =>
    file.imports.flatMap(({ specifier }) => byPath.get(join(dirname(file.path), specifier)) ?? [])
  const circles = new Set<string>()
  const done = new Set<string>()
  const visit = (file: SourceFile, above: readonly string[]) => {
    const at = above.indexOf(file.path)
    if (at >= 0) circles.add(above.slice(at).sort().join(' · '))
    if (at >= 0 || done.has(file.path)) return
    for (const imported of importedBy(file)) visit(imported, [...above, file.path])
    done.add(file.path)
  }
  for (const file of files) visit(file, [])
  return [...circles]
}

/** The files of src whose values a file imports. */
function importedFiles({ path, imports }: SourceFile): readonly string[] {
  const values = imports.filter(({ isType, specifier }) => !isType && specifier.startsWith('.'))
  return values.map(({ specifier }) => join(dirname(path), specifier))
}

const inFolder = (folder: string) => files.filter((file) => file.folder === folder)
const offenders = (all: readonly SourceFile[], isWrong: (file: SourceFile) => boolean) =>
  all.filter(isWrong).map(({ path }) => path)

describe('the architecture', () => {
  test('every file is in a room, and every room has files', () => {
    const rooms = roomsFromTheGroundUp.flat()
    for (const room of rooms) expect(inFolder(room).length, room).toBeGreaterThan(0)
    expect(files.filter(({ path, folder }) => path !== 'index.ts' && !rooms.includes(folder))).toEqual([])
    expect(files.flatMap(({ imports }) => imports).length).toBeGreaterThan(100)
  })

  test('a room imports only rooms before it', () => {
    const upward = files.flatMap((file) =>
      file.imports.flatMap(({ specifier }) => {
        const room = importedFolder(file, specifier)
        if (file.path === 'index.ts' || room === undefined || room === file.folder) return []
        return levelOf(room) < levelOf(file.folder) ? [] : [`${file.path} imports ${specifier}`]
      }),
    )
    expect(upward).toEqual([])
  })

  test('the command line is built on the library, and on nothing that programs cannot have', () => {
    const allowed = ['cli', 'library', 'render', 'core']
    const outside = inFolder('cli').flatMap(({ path, imports }) =>
      imports.flatMap(({ specifier }) => {
        const room = importedFolder({ path }, specifier)
        const isDemo = path === 'cli/commands/demo.ts' && room === 'demo'
        return room === undefined || room === '' || allowed.includes(room) || isDemo ? [] : [`${path}: ${specifier}`]
      }),
    )
    expect(outside).toEqual([])
    const published = readFileSync(join(root, 'src/index.ts'), 'utf8')
    const used = inFolder('cli').flatMap(({ text }) =>
      Array.from(text.matchAll(/import (type )?\{([^}]*)\} from '[^']*\/library\//g), ([, , names = '']) =>
        names.split(','),
      ),
    )
    const names = used.flat().flatMap((name) => /(?:type )?(\w+)/.exec(name.trim().replace(/^type /, ''))?.[1] ?? [])
    expect(names.length).toBeGreaterThan(20)
    expect([...new Set(names)].filter((name) => !new RegExp(`\\b${name}\\b`).test(published))).toEqual([])
  })

  test('no file imports itself through others, types included', () => {
    expect(importCircles()).toEqual([])
  })

  test.each([
    'core',
    'parser',
    'kinds',
    'differ',
    'render',
  ])('%s is pure: no database, no terminal, no node:*', (folder) => {
    const isImpure = (file: SourceFile) =>
      file.imports.some(({ specifier }) => {
        // A digest is a pure function. Nothing else of that module is used there.
        if (specifier === 'node:crypto' && /import \{ createHash \} from 'node:crypto'/.test(file.text)) return false
        const target = importedFolder(file, specifier)
        return specifier.startsWith('node:') || specifier === 'pg' || target === 'db'
      })
    expect(offenders(inFolder(folder), isImpure)).toEqual([])
  })

  test('only db imports the driver', () => {
    const usesDriver = ({ imports }: SourceFile) => imports.some(({ specifier }) => /^pg(-|$)/.test(specifier))
    expect(
      offenders(
        files.filter(({ folder }) => folder !== 'db'),
        usesDriver,
      ),
    ).toEqual([])
  })

  test('only ledger writes the ledger', () => {
    const writes = ({ text }: SourceFile) => /(?:INSERT INTO|UPDATE|DELETE FROM) fdwsync\./.test(text)
    const writers = files.filter(writes)
    expect(writers.length).toBeGreaterThan(0)
    // A refresh policy is an object of a plan, whose rows the steps of that plan write.
    const others = writers.filter(({ folder, path }) => folder !== 'ledger' && path !== 'kinds/refresh-policy.ts')
    expect(others.map(({ path }) => path)).toEqual([])
  })

  test('the differ names no kind', () => {
    // Words of every day are names of kinds only where they are quoted.
    const words = ['index', 'schema', 'server', 'table', 'type', 'view']
    const names = kinds.map(({ kind }) => kind).filter((kind) => !words.includes(kind))
    const named = new RegExp(`\\b(${names.join('|')})\\b|'(${words.join('|')})'`, 'i')
    const importsKind = ({ imports }: SourceFile) =>
      imports.some(({ specifier }) => /kinds\/(?!kind|registry|recorded)/.test(specifier))
    expect(offenders(inFolder('differ'), (file) => named.test(file.text) || importsKind(file))).toEqual([])
  })

  test('everything that is printed goes through one file, which escapes it', () => {
    const isWriter = ({ path, text }: SourceFile) =>
      /\bstd(?:out|err)\.write\(|\bconsole\./.test(text) && !['cli/output.ts', 'cli/main.ts'].includes(path)
    expect(offenders(files, isWriter)).toEqual([])
  })

  test('results are rendered by the formats that render/formats.ts lists, and by nothing else', () => {
    const formats = inFolder('render').filter(({ path }) => /^render\/\w+\/format\.ts$/.test(path))
    const listed = files.filter(({ path }) => path === 'render/formats.ts').flatMap(importedFiles)
    expect(listed).toEqual(expect.arrayContaining(formats.map(({ path }) => path)))
    // What a format renders with belongs to it, except helpers for texts. A saved plan contains the document of its plan, unprinted.
    const folders = formats.map(({ path }) => dirname(path))
    const renderers = formats.flatMap((file) => [file.path, ...importedFiles(file)])
    const owned = renderers.filter((path) => folders.includes(dirname(path)) && !/\/(json-text|layout)\.ts$/.test(path))
    expect(owned.length).toBeGreaterThan(10)
    const others = files.filter(({ folder }) => folder !== 'render' && folder !== 'api')
    const usesRenderer = (file: SourceFile) => importedFiles(file).some((path) => owned.includes(path))
    expect(offenders(others, usesRenderer)).toEqual([])
  })

  test('only the command line and its demo touch the process', () => {
    const touches = ({ text }: SourceFile) =>
      /\bprocess\.(env|argv|exit|exitCode|stdin|stdout|stderr|on|once|cwd|getuid|kill)\b|['"]node:process['"]/.test(
        text,
      )
    expect(
      offenders(
        files.filter(({ folder }) => folder !== 'cli' && folder !== 'demo'),
        touches,
      ),
    ).toEqual([])
  })

  test('only core/sql.ts makes SQL of text', () => {
    expect(
      offenders(
        files.filter(({ path }) => path !== 'core/sql.ts'),
        ({ text }) => /\bas Sql\b/.test(text),
      ),
    ).toEqual([])
  })

  test('files can be read in one sitting', () => {
    const long = files.filter(({ path }) => readFileSync(join(root, 'src', path), 'utf8').split('\n').length > 300)
    expect(long.map(({ path }) => path)).toEqual([])
  })

  test('there is nothing at the top but what our users asked for, and what tools demand', () => {
    const asked = ['package.json', 'tsconfig.json', 'src', 'schemas', 'test', 'examples', 'README.md']
    const tools = ['package-lock.json', 'LICENSE', 'CHANGELOG.md', 'biome.json', 'knip.json', 'vitest.config.ts']
    const made = ['node_modules', 'dist', 'coverage']
    const present = readdirSync(root).filter((name) => !name.startsWith('.'))
    expect(present.filter((name) => ![...asked, ...tools, ...made].includes(name))).toEqual([])
    for (const name of asked) expect(statSync(join(root, name)).size, name).toBeGreaterThan(0)
  })
})
