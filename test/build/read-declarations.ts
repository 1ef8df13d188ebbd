// Reads a file of declarations that tsc has written: what it declares, and which names each declaration refers to.

import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parseSync } from 'oxc-parser'

interface Reference {
  readonly name: string
  readonly start: number
  readonly end: number
}

export interface Declaration {
  readonly file: DeclarationFile
  readonly name: string
  /** The text with its documentation, and without `export`. */
  readonly text: string
  /** The places in the text of names that the top level of the file knows, that of the declaration included. */
  readonly references: readonly Reference[]
}

export interface DeclarationFile {
  readonly path: string
  readonly declarations: ReadonlyMap<string, Declaration>
  /** The imported names, by their names here. */
  readonly imports: ReadonlyMap<string, { readonly path: string; readonly name: string }>
}

/** A node of the syntax tree, of which only few keys are needed here. */
interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

export async function readDeclarations(path: string): Promise<DeclarationFile> {
  const text = await readFile(path, 'utf8')
  const { program, comments } = parseSync(path, text)
  // The parser's types list every kind of node that exists.
  const statements = program.body as unknown as readonly Node[]
  const imports = new Map(statements.flatMap((statement) => importsOf(statement, path)))
  const declared = statements.flatMap((statement) => {
    const node = isNode(statement.declaration) ? statement.declaration : statement
    const id = isNode(node.id) ? node.id : declaratorOf(node)
    return id ? [{ statement, node, name: String(id.name) }] : []
  })
  const known = new Set([...imports.keys(), ...declared.map(({ name }) => name)])
  const declarations = new Map<string, Declaration>()
  const file = { path, declarations, imports }
  for (const { statement, node, name } of declared) {
    const comment = comments.find(({ end }) => end < statement.start && text.slice(end, statement.start).trim() === '')
    const documentation = comment ? `${text.slice(comment.start, comment.end)}\n` : ''
    const shift = documentation.length - node.start
    const references = referencesIn(node)
      .filter((reference) => known.has(reference.name))
      .map((reference) => ({ name: reference.name, start: reference.start + shift, end: reference.end + shift }))
      .toSorted((one, other) => one.start - other.start)
    declarations.set(name, { file, name, text: documentation + text.slice(node.start, node.end), references })
  }
  return file
}

function importsOf(
  { source, specifiers }: Node,
  path: string,
): readonly (readonly [string, { readonly path: string; readonly name: string }])[] {
  if (!isNode(source)) return []
  const from = resolve(dirname(path), String(source.value).replace(/\.[jt]s$/, '.d.ts'))
  return nodesIn(specifiers).map((specifier) => {
    const [there, here] = 'exported' in specifier ? ['local', 'exported'] : ['imported', 'local']
    return [nameOf(specifier[here as string]), { path: from, name: nameOf(specifier[there as string]) }]
  })
}

/** `const` declares a list, of which tsc writes one each. */
function declaratorOf({ type, declarations }: Node): Node | undefined {
  const [declarator] = type === 'VariableDeclaration' ? nodesIn(declarations) : []
  return declarator && isNode(declarator.id) ? declarator.id : undefined
}

/** Every name that can be one of the top level: none that a type, a parameter or a key declares or selects. */
function referencesIn(node: Node): readonly Reference[] {
  if (node.type === 'Identifier') {
    const name = { name: String(node.name), start: node.start, end: node.start + String(node.name).length }
    return [name, ...nodesIn(node.typeAnnotation).flatMap(referencesIn)]
  }
  const skipped = skippedKeys(node)
  return Object.entries(node).flatMap(([key, value]) => {
    if (!skipped.includes(key)) return nodesIn(value).flatMap(referencesIn)
    // The type of a parameter, without its name.
    return key === 'params'
      ? nodesIn(value).flatMap(({ typeAnnotation }) => nodesIn(typeAnnotation).flatMap(referencesIn))
      : []
  })
}

function skippedKeys({ type, computed }: Node): readonly string[] {
  switch (type) {
    case 'TSQualifiedName':
      return ['right']
    case 'MemberExpression':
      return ['property']
    case 'TSTypeParameter':
      return ['name']
    case 'TSMappedType':
      return ['key']
    case 'TSNamedTupleMember':
      return ['label']
    case 'TSTypePredicate':
      return ['parameterName']
    case 'TSTypeParameterDeclaration':
    case 'TSTypeParameterInstantiation':
      return []
    case 'TSIndexSignature':
      return ['parameters']
    default:
      return computed === true ? ['params'] : ['key', 'params']
  }
}

function nameOf(node: unknown): string {
  return isNode(node) ? String(node.name) : ''
}

function nodesIn(value: unknown): readonly Node[] {
  return (Array.isArray(value) ? value : [value]).filter(isNode)
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value
}
