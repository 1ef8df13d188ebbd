// The examples at the end of each command's help.

const examples: Readonly<Record<string, readonly string[]>> = {
  validate: ['fdwsync validate', 'fdwsync validate -f shop.yaml --no-env --format github'],
  plan: [
    'fdwsync plan',
    'fdwsync plan -f manifest/ -f production.yaml --var stage=production',
    'fdwsync plan --out plan.json --format markdown > comment.md',
    'fdwsync plan --drift-only --detailed-exitcode',
    'fdwsync plan --targets targets.yaml --parallel 8',
  ],
  apply: ['fdwsync apply', 'fdwsync apply plan.json --auto-approve', 'fdwsync apply --auto-approve --allow drops-data'],
  show: ['fdwsync show plan.json', 'fdwsync show plan.json --format markdown'],
  refresh: ['fdwsync refresh', 'fdwsync refresh shop.orders shop.customers --jobs 2', 'fdwsync refresh --verify'],
  destroy: ['fdwsync destroy', 'fdwsync destroy --manifest shop-mirror'],
  release: ["fdwsync release 'shop.orders'"],
  manifests: ['fdwsync manifests', 'fdwsync manifests --format json'],
  status: ['fdwsync status', "fdwsync status 'shop.*' --kind materialized-view", 'fdwsync status --check'],
  history: ['fdwsync history', 'fdwsync history 3f2a', 'fdwsync history --manifest shop-mirror --limit 5'],
  export: ['fdwsync export > fdwsync.yaml', 'fdwsync export --server shop --schema shop > shop.yaml'],
  pin: ['fdwsync pin', 'fdwsync pin --check'],
  init: [
    'fdwsync init --name shop --host shop-db.internal --dbname shop',
    'fdwsync init --from-source postgresql://reader@shop-db.internal/shop',
  ],
  schema: ['fdwsync schema', 'fdwsync schema manifest > manifest.schema.json'],
  graph: ['fdwsync graph > graph.mmd', 'fdwsync graph --format dot | dot -Tsvg > graph.svg'],
  completion: [
    'source <(fdwsync completion bash)',
    'fdwsync completion zsh > "${fpath[1]}/_fdwsync"',
    'fdwsync completion fish > ~/.config/fish/completions/fdwsync.fish',
  ],
  demo: ['fdwsync demo'],
}

/** Empty for a command without examples. */
export function examplesText(command: string): string {
  const lines = examples[command] ?? []
  return lines.length === 0 ? '' : `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`
}
