// The comparison of copies with their sources as text.

import { oneLine } from '../../core/printable.ts'
import { numberText } from '../../core/some-of.ts'
import type { Verification, VerifyReport } from '../../core/verification.ts'
import type { RenderOptions } from '../format.ts'
import { counted, durationText, pad, widthOf, wrap } from './layout.ts'
import { hanging, problemsOf, sentenceLines } from './report.ts'

/** A line for each copy that was compared, the others by what prevents it, and a summary. */
export function renderVerification({ copies }: VerifyReport, options: RenderOptions): string {
  const compared = copies.flatMap(({ title, verification }) =>
    verification.status === 'failed' ? [] : [{ title: oneLine(title), verification }],
  )
  const failed = copies.flatMap(({ verification, ...copy }) =>
    verification.status === 'failed' ? [{ ...copy, verb: '', outcome: verification }] : [],
  )
  const width = Math.max(0, ...compared.map(({ title }) => widthOf(title)))
  const lines = compared.flatMap(({ title, verification }) => {
    const found = `${verificationText(verification)}  ${durationText(verification.milliseconds)}`
    return wrap(`${pad(title, width)}  ${found}`, options.columns, '  ', hanging)
  })
  return `${[...lines, ...problemsOf(failed, options), ...sentenceLines(summaryOf(copies), options)].join('\n')}\n`
}

/** `same, 1,204,331 rows`, or `different, 2 missing, 1 extra, 3 different, of 1,204,331 rows`. */
export function verificationText(verification: Verification): string {
  if (verification.status === 'failed') return `failed: ${oneLine(verification.reason)}`
  const { status, rows } = verification
  const of = counted(rows, 'row')
  const found = status === 'same' ? of : `${differencesText(verification)}, of ${of}`
  return `${status}, ${found}`
}

/** `2 missing, 1 extra, 3 different`. */
function differencesText(verification: Exclude<Verification, { status: 'failed' }>): string {
  const kinds = (['missing', 'extra', 'different'] as const).filter((kind) => verification[kind] > 0)
  return kinds.map((kind) => `${numberText(verification[kind])} ${kind}`).join(', ')
}

function summaryOf(copies: VerifyReport['copies']): string {
  if (copies.length === 0) return 'Nothing to compare.'
  const count = (status: Verification['status']) =>
    copies.filter(({ verification }) => verification.status === status).length
  const [different, failed] = [count('different'), count('failed')]
  const parts = [
    ...(different > 0 ? [`${different} ${different === 1 ? 'differs' : 'differ'}`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ]
  const all = counted(copies.length, 'copy', 'copies')
  const sources = copies.length === 1 ? 'its source' : 'their sources'
  return `Compared ${all} with ${sources}: ${parts.length === 0 ? 'no row differs' : parts.join(', ')}. Nothing was changed.`
}
