// The completion scripts of shells. Each asks `fdwsync complete` for what could be typed next: one candidate on a line, and `:files` if
// files fit too.

export const completionScripts = {
  bash: `# Completion of fdwsync for bash: source <(fdwsync completion bash)
_fdwsync() {
  local IFS=$'\\n' candidate files= typed=() part at word= before=
  # Bash splits words at : and =, and replaces only what comes after them.
  for ((at = 1; at <= COMP_CWORD; at++)); do
    part="\${COMP_WORDS[at]}"
    if [[ $part = [:=]* || $word = *[:=] ]] && [ -n "$word" ]; then word+="$part"; else typed+=("$word"); word="$part"; fi
  done
  typed=("\${typed[@]:1}" "$word")
  part="\${COMP_WORDS[COMP_CWORD]}"
  before="\${word%"\${part#[:=]}"}"
  COMPREPLY=()
  while read -r candidate; do
    if [ "$candidate" = ':files' ]; then files=1; else COMPREPLY+=("$(printf '%q' "\${candidate#"$before"}")"); fi
  done < <(fdwsync complete -- "\${typed[@]}" 2>/dev/null)
  if [ -n "$files" ]; then compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$word")); fi
}
complete -F _fdwsync fdwsync
`,
  zsh: `#compdef fdwsync
# Completion of fdwsync for zsh: fdwsync completion zsh > "\${fpath[1]}/_fdwsync"
_fdwsync() {
  local -a candidates
  candidates=("\${(@f)$(fdwsync complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if (( \${candidates[(Ie):files]} )); then _files; fi
  candidates=("\${(@)candidates:#:files}")
  compadd -- "\${(@)candidates:#}"
}
if [ "$funcstack[1]" = _fdwsync ]; then _fdwsync "$@"; else compdef _fdwsync fdwsync; fi
`,
  fish: `# Completion of fdwsync for fish: fdwsync completion fish > ~/.config/fish/completions/fdwsync.fish
function __fdwsync
    set -l words (commandline -opc) (commandline -ct)
    for candidate in (fdwsync complete -- $words[2..-1] 2>/dev/null)
        if test "$candidate" = ':files'
            __fish_complete_path (commandline -ct)
        else
            echo $candidate
        end
    end
end
complete -c fdwsync -f -a '(__fdwsync)'
`,
} as const

export type Shell = keyof typeof completionScripts
