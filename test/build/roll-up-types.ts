// Puts the declarations that tsc has written into one file: what index.ts exports, and what that refers to. Everything else is internal, and
// was a sixth of the package.

import { rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Declaration, type DeclarationFile, readDeclarations } from './read-declarations.ts'

const dist = fileURLToPath(new URL('../../dist/', import.meta.url))
const files = new Map<string, Promise<DeclarationFile>>()

const exported = new Map<string, Declaration>()
const index = await open(`${dist}types/src/index.d.ts`)
for (const name of index.imports.keys()) exported.set(name, await find(index, name))

const needed = new Map<Declaration, ReadonlyMap<string, Declaration>>()
await need([...exported.values()])

const names = uniqueNames()
const texts = [...needed].map(([declaration, found]) => rename(declaration, found))
const list = [...exported].map(([name, declaration]) => {
  const own = names.get(declaration)
  return own === name ? name : `${own} as ${name}`
})
const text = texts.join('\n').replace(/^(?: {4})+/gm, (spaces) => '\t'.repeat(spaces.length / 4))
await writeFile(`${dist}index.d.ts`, `${text}\nexport { ${list.join(', ')} }\n`)
await rm(`${dist}types`, { recursive: true })

function open(path: string): Promise<DeclarationFile> {
  const file = files.get(path) ?? readDeclarations(path)
  files.set(path, file)
  return file
}

/** What a name refers to in a file, wherever that is declared. */
async function find(file: DeclarationFile, name: string): Promise<Declaration> {
  const own = file.declarations.get(name)
  if (own) return own
  const imported = file.imports.get(name)
  if (!imported) throw new Error(`${file.path} neither declares nor imports ${name}`)
  return find(await open(imported.path), imported.name)
}

async function need(declarations: readonly Declaration[]): Promise<void> {
  for (const declaration of declarations) {
    if (needed.has(declaration)) continue
    const found = new Map<string, Declaration>()
    needed.set(declaration, found)
    for (const { name } of declaration.references) found.set(name, await find(declaration.file, name))
    await need([...found.values()])
  }
}

/** Exported declarations keep their names. If others have the same name, all but the first get a number. */
function uniqueNames(): ReadonlyMap<Declaration | undefined, string> {
  const given = new Map<Declaration | undefined, string>()
  for (const [name, declaration] of exported) if (!given.has(declaration)) given.set(declaration, name)
  const taken = new Set(exported.keys())
  for (const declaration of needed.keys()) {
    if (given.has(declaration)) continue
    let name = declaration.name
    for (let number = 2; taken.has(name); number++) name = `${declaration.name}${number}`
    taken.add(name)
    given.set(declaration, name)
  }
  return given
}

function rename({ text, references }: Declaration, found: ReadonlyMap<string, Declaration>): string {
  let renamed = ''
  let at = 0
  for (const { name, start, end } of references) {
    renamed += text.slice(at, start) + names.get(found.get(name))
    at = end
  }
  return renamed + text.slice(at)
}
