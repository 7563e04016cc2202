# Types each line and a Tab into a real shell, and prints the completed line.
# usage: type.zsh bash|zsh COMPLETIONS LINE...
zmodload zsh/zpty || exit 1
local shell=$1 directory=$2 out
shift 2
# EDITOR=vi would select vi key bindings.
unset EDITOR VISUAL
case $shell in
    bash)
        zpty tty bash --norc --noprofile -i
        zpty -w tty "PS1=; set -o emacs; bind 'set enable-bracketed-paste off'; bind 'set bell-style none'; source $directory/vfio-names.bash; echo REA''DY"
        ;;
    zsh)
        zpty tty zsh -f -i
        zpty -w tty "PS1=; bindkey -e; unsetopt beep; fpath=($directory \$fpath); autoload -Uz compinit; compinit -D -u; bindkey '^I' complete-word; echo REA''DY"
        ;;
esac
while zpty -r tty out; do [[ $out != *READY* ]] || break; done
for line; do
    # ^A moves to the start of the line, so that the completed line becomes the operands of printf.
    zpty -n -w tty "$line"$'\t'$'\C-a'"printf LI''NE; printf '<%s>' "$'\n'
    zpty -n -w tty "echo; echo EN''D"$'\n'
    while zpty -r tty out; do
        [[ $out != *LINE\<* ]] || print -r -- "${${out#*LINE}%>*}>"
        [[ $out != *END* ]] || break
    done
done
zpty -d tty
