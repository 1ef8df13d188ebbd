// The architecture pages, src/README.md and src/DECISIONS.md, name files. The names must not outlive the files.
import { existsSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { roomsFromTheGroundUp } from './rooms.ts'

const root = resolve(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'src/README.md'), 'utf8')

const matchesOf = (text: string, pattern: RegExp) => Array.from(text.matchAll(pattern), ([, match]) => match ?? '')

/** Whatever is set as code and looks like a file or a folder: `differ/diff.ts`, `ledger/`. */
const pathsIn = (text: string) => matchesOf(text, /`([\w.-]+\/[\w./-]*|[\w.-]+\.(?:ts|json|yaml))`/g)

/** The rows of all tables in the section under a heading, without those tables' heads. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const [, after = ''] = page.split(`\n## ${heading}\n`)
  const [section = ''] = after.split('\n## ')
  return section
    .split('\n')
    .filter(
      (line, at, lines) => line.startsWith('| ') && !line.startsWith('| ---') && !lines[at + 1]?.startsWith('| ---'),
    )
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    )
}

describe('the architecture page', () => {
  test.each(['README.md', 'DECISIONS.md'])('%s names only files and folders that exist', (name) => {
    const paths = pathsIn(readFileSync(join(root, 'src', name), 'utf8'))
    expect(paths.length).toBeGreaterThan(80)
    const exists = (path: string) =>
      existsSync(join(root, /^(?:test|schemas|examples)\//.test(path) ? '' : 'src', path))
    expect(paths.filter((path) => !exists(path))).toEqual([])
  })

  test('lists the rooms in the order in which they may import each other', () => {
    const listed = rowsUnder('The rooms').map(([rooms = '']) => matchesOf(rooms, /`(\w+)\/`/g))
    expect(listed).toEqual(roomsFromTheGroundUp)
  })

  test('answers every question with a file', () => {
    const answers = rowsUnder('Where is it?')
    expect(answers.length).toBeGreaterThanOrEqual(20)
    expect(answers.filter(([, answer = '']) => pathsIn(answer).length === 0)).toEqual([])
  })

  test('names callers that import what they call', () => {
    const calls = Array.from(page.matchAll(/`([\w/.-]+\.ts)`, called by `([\w/.-]+\.ts)`/g))
    expect(calls.length).toBeGreaterThan(0)
    const imports = ([, called = '', caller = '']: readonly string[]) =>
      readFileSync(join(root, 'src', caller), 'utf8').includes(`/${basename(called)}'`)
    expect(calls.filter((call) => !imports(call)).map(([text]) => text)).toEqual([])
  })

  test('has the sections that it links to', () => {
    const anchors = matchesOf(page, /^#+ (.*)$/gm).map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    )
    expect(matchesOf(page, /\]\(#([\w-]+)\)/g).filter((anchor) => !anchors.includes(anchor))).toEqual([])
  })
})
