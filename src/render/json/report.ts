// The reports of an apply and of a refresh as JSON documents.

import type { RefreshReport, Report } from '../../core/report.ts'
import { warningJson, withAddress } from './address.ts'
import type { RefreshDocument, ReportDocument } from './documents.ts'

export function reportJson({
  manifest,
  applyId,
  steps,
  planned,
  applied,
  warnings,
  undetermined,
}: Report): ReportDocument {
  return {
    format: 'fdwsync.report/1',
    manifest,
    apply: applyId ?? null,
    summary: { planned, applied },
    steps: steps.map(withAddress),
    warnings: warnings.map(warningJson),
    undetermined: undetermined.map(withAddress),
  }
}

export function refreshJson({ manifest, views, warnings, notImported }: RefreshReport): RefreshDocument {
  return {
    format: 'fdwsync.refresh/1',
    manifest,
    views: views.map(({ key, title, outcome, ...view }) => ({
      ...withAddress({ key, title, outcome }),
      how: view.how ?? null,
      because: view.because ?? null,
      rows: view.rows === undefined ? null : Number(view.rows),
      written: view.written
        ? {
            inserted: Number(view.written.inserted),
            updated: Number(view.written.updated),
            deleted: Number(view.written.deleted),
          }
        : null,
      bytes: view.bytes ?? null,
      lastMilliseconds: view.lastMilliseconds ?? null,
    })),
    warnings: warnings.map(warningJson),
    notImported: notImported.map(withAddress),
  }
}
