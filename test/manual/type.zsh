# Types each line with a Tab behind it into a real shell and prints what the line has become.
# type.zsh bash|zsh COMPLETIONS LINE...
zmodload zsh/zpty || exit 1
local shell=$1 directory=$2 out
shift 2
# An editor called vi would change what the keys do.
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
    # ^A goes to the line's begin: what was typed and completed becomes operands of printf.
    zpty -n -w tty "$line"$'\t'$'\C-a'"printf LI''NE; printf '<%s>' "$'\n'
    zpty -n -w tty "echo; echo EN''D"$'\n'
    while zpty -r tty out; do
        [[ $out != *LINE\<* ]] || print -r -- "${${out#*LINE}%>*}>"
        [[ $out != *END* ]] || break
    done
done
zpty -d tty
