// One changed object of a plan as text: its title and why it changes, its fields, what it keeps, and its hazards.

import type { Change, FieldChange } from '../../core/change.ts'
import type { ObjectId } from '../../core/object.ts'
import { mustBeAllowed, type PlannedChange } from '../../core/plan.ts'
import { oneLine } from '../../core/printable.ts'
import { titleOf } from '../../kinds/registry.ts'
import type { PlanOptions, RenderOptions } from '../format.ts'
import { renderDetails, renderFields } from './fields.ts'
import { counted, sizeText, widthOf, wrap } from './layout.ts'
import { listed } from './objects.ts'
import { permissionText } from './permission.ts'

/** A change of the database. Adopted and released objects are changes of the ledger alone. */
export interface ShownChange {
  readonly planned: PlannedChange
  readonly change: DatabaseChange
}

type DatabaseChange = Exclude<Change, { op: 'adopt' | 'release' }>

export const remarkColumn = 46

/**
 * The indent of continuation lines: deeper than any line of a plan, so that part of a name from a manifest or a server cannot
 * pass for such a line.
 */
export const nameIndent = '          '

export const indent = '      '

export function renderChange({ planned, change }: ShownChange, options: PlanOptions): readonly string[] {
  return [
    ...renderTitle(planned.title, { planned, change }, options),
    ...renderBody({ planned, change }, options),
    ...renderPredecessor({ planned, change }, options),
    ...renderHazards(planned, options),
  ]
}

export function renderTitle(text: string, { planned, change }: ShownChange, options: PlanOptions): readonly string[] {
  const { style, columns } = options
  const [first = '', ...others] = wrap(oneLine(text), columns, '    ', nameIndent)
  const head = `  ${signOf(change, options)} ${style.bold(first.slice(4))}`
  const remark = oneLine(options.command === 'destroy' ? '' : remarkOf(planned, change))
  const fits = others.length === 0 && Math.max(widthOf(first) + 3, remarkColumn) + widthOf(remark) <= columns
  if (fits && remark === '') return [head]
  if (fits) return [head + ' '.repeat(Math.max(3, remarkColumn - widthOf(first))) + style.dim(remark)]
  return [head, ...others.map((line) => style.bold(line)), ...(remark === '' ? [] : wrap(remark, columns, indent))]
}

function signOf({ op }: DatabaseChange, { style }: RenderOptions): string {
  return { create: style.green('+'), alter: style.yellow('~'), replace: style.magenta('±'), drop: style.red('-') }[op]
}

function remarkOf(planned: PlannedChange, change: DatabaseChange): string {
  const taken = planned.takenFrom.map((manifest) => `taken over from manifest ${manifest}`)
  const why = [...taken, ...renamedFrom(change), causeOf(planned, change)].filter((part) => part !== '').join(' · ')
  switch (change.op) {
    case 'create':
      return [planned.summary, why].filter((part) => part !== '').join(' · ')
    case 'alter':
      return why
    case 'replace': {
      const how = planned.beside ? 'rebuilt online, then swapped; readers are not blocked' : 'dropped and recreated'
      return why === '' ? how : `${why} · ${how}`
    }
    case 'drop':
      if (change.renamedAsideFor) {
        const { to, keptAs } = change.renamedAsideFor
        const former = { ...to.id, kind: change.from.id.kind } as ObjectId // the kind that it still has goes with its name
        const kept = `formerly ${titleOf(former)}; kept until its dependents are ${keptAs ? 'dropped' : 'swapped'}`
        return planned.cause === 'dependency' ? `${causeOf(planned, change)} · ${kept}` : kept
      }
      return [
        ...(change.formerly ? [`formerly ${titleOf(change.formerly.id)}`] : []),
        whyDropped(planned.cause, change.from.id),
        ...(change.dropped === 'last' ? ['dropped last'] : []),
      ].join(' · ')
  }
}

function whyDropped(cause: PlannedChange['cause'], { kind }: ObjectId): string {
  if (cause === 'source') return 'dropped at the source'
  if (kind === 'view') return 'the query of a table that was dropped outside fdwsync'
  return cause === 'drift' ? 'has got there outside fdwsync' : 'no longer declared'
}

function causeOf({ cause, causes = [], because }: PlannedChange, change: DatabaseChange): string {
  if (cause === undefined) return ''
  if (cause === 'dependency') return `because ${because.join(', ')} ${because.length === 1 ? 'changes' : 'change'}`
  const isRenamed = change.op === 'alter' && change.fields.every(({ effect }) => effect.how === 'rename')
  const drift = `drifted: ${change.op === 'create' && !change.renamesAside ? 'dropped' : isRenamed ? 'renamed' : 'altered'} outside fdwsync`
  if (cause === 'both') {
    const declared = causes.filter((origin) => origin !== 'drift').map((origin) => `the ${origin}`)
    return `${declared.join(' and ')} changed${causes.includes('drift') ? `, and it ${drift}` : ''}`
  }
  if (cause === 'source' && change.op === 'create' && !change.renamesAside) return 'new at the source'
  return { manifest: 'the manifest changed', source: 'the source changed', drift }[cause]
}

/** Only for renames that the manifest asks for. Other renames are drift. */
function renamedFrom(change: DatabaseChange): readonly string[] {
  if (!('fields' in change) || !change.from.isRenamedByManifest) return []
  return change.fields.flatMap(({ field, from }) => (field === 'name' ? [`renamed from ${from}`] : []))
}

export function renderBody({ planned, change }: ShownChange, options: RenderOptions): readonly string[] {
  if (change.op === 'create') return renderDetails(planned.details, options)
  if (change.op !== 'drop')
    return renderFields(planned.cause === 'both' ? change.fields : change.fields.map(withoutCause), options)
  // If the old object is kept, the replacement shows its fields.
  const aside = change.renamedAsideFor?.keptAs ? undefined : change.renamedAsideFor
  const own = (aside?.fields ?? []).filter(({ from, to }) => from !== undefined || to !== undefined)
  return renderFields(own.map(withoutCause), options)
}

/** For the fields of an object whose title shows why they differ. */
function withoutCause({ cause, causes, ...field }: FieldChange): FieldChange {
  return field
}

/** What a replacement keeps of its predecessor, and how much data is loaded for it. */
export function renderPredecessor(
  { planned: { predecessor, hazards }, change }: ShownChange,
  { columns, verbose }: RenderOptions,
  isOfMany = false,
): readonly string[] {
  if (!predecessor) return []
  const { rows, bytes, keeps } = predecessor
  const amount = [rows === null ? '' : `about ${counted(rows, 'row')}`, bytes > 0 ? sizeText(bytes) : '']
  const known = amount.filter((part) => part !== '').join(', ')
  const reloads = isOfMany ? 'reload their data' : 'reloads its data'
  const loads = known === '' ? reloads : `${reloads}: ${known} now`
  const children = keeps.length === 0 ? [] : [listed(keeps.map(oneLine), verbose)]
  const kept = [`${isOfMany ? 'keep their' : 'keeps its'} ${keptAccess(change, isOfMany)}`, ...children].join(', ')
  const isLoaded = hazards.some(({ name }) => name === 'reads-source')
  return [kept, ...(isLoaded ? [loads] : [])].flatMap((text) => wrap(text, columns, indent, nameIndent))
}

/** The owner, grants and comments without what the change itself alters. */
function keptAccess(change: DatabaseChange, isOfMany: boolean): string {
  const altered = 'fields' in change ? change.fields.map(({ field }) => field) : []
  const owner = altered.includes('owner') ? '' : isOfMany ? 'owners, ' : 'owner, '
  const grants = altered.some((field) => field.startsWith('grant ')) ? 'other grants' : 'grants'
  const comments = altered.some((field) => /(^| )comment$/.test(field)) ? 'other comments' : 'comments'
  return `${owner}${grants} and ${comments}`
}

export function renderHazards({ hazards }: PlannedChange, { style, columns, command }: PlanOptions): readonly string[] {
  return hazards.flatMap((hazard) => {
    // The summary counts the loads.
    if (hazard.name === 'reads-source') return []
    const permission = command === 'destroy' ? '' : permissionText(hazard)
    const text = `! ${oneLine(hazard.detail)}${permission === '' ? '' : `: ${permission}`}`
    return wrap(text, columns, indent).map((line) => (mustBeAllowed(hazard) ? style.red(line) : style.yellow(line)))
  })
}
