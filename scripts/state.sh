# One state directory and the processes that live in it; read by run, stop and ctl.
# shellcheck shell=sh
#
#   bailleur.conf   the configuration, written once and yours from then on
#   demo-client     the credentials of the demo client
#   demo-landlord   those of the demo landlord and of an app
#   mariadb/        the database
#   spool/          mails and SMS, as long as the configuration sends them into files
#   log/  run/      logs; sockets and process ids
#   nginx/  build/  nginx's configuration and temporary files; the programs
#
# A process is known by its id, the time it started at and the boot it belongs to, so that another one with the same id
# is never taken for it. Each part leads a session: what it leaves behind when it is killed is found by that.

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
state=$top/var

# The programs read the schema and the templates of this tree.
BAILLEUR_SQL=$top/sql BAILLEUR_TEMPLATES=$top/templates
export BAILLEUR_SQL BAILLEUR_TEMPLATES

say() {
	echo "$*" >&2
}

fail() {
	say "${0##*/}: $*"
	exit 1
}

# Makes the state's path absolute; the directory need not be there.
set_state() {
	[ -n "$1" ] || fail "--state wants a directory"
	case $1 in
	/*) state=$1 ;;
	*) state=$PWD/$1 ;;
	esac
	state=${state%/}
}

# The path stands in configurations, of nginx among others, that have no one way of quoting.
check_state() {
	case $state in
	*[!A-Za-z0-9_./+@~:,=-]*)
		fail "$state: a state directory's path has letters, digits and _./+@~:,=- only; use another --state" ;;
	esac
}

# What a script says when the state was named on its command line, so that it can be pasted.
state_option() {
	if [ "$state" = "$top/var" ]; then echo ''; else echo " --state $state"; fi
}

# The time a process started at, in the kernel's ticks; nothing when there is none or it is a zombie.
start_time() {
	sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" && $1 != "X" { print $20 }'
}

# remember NAME PID
remember() {
	echo "$2 $(start_time "$2") $(cat /proc/sys/kernel/random/boot_id)" >"$state/run/$1.pid"
}

# Reads the pid file of a part that was started since the machine was; fails when there is none.
recall() {
	[ -r "$state/run/$1.pid" ] || return 1
	known_boot=
	read -r known_pid known_start known_boot <"$state/run/$1.pid" || return 1
	[ "$known_boot" = "$(cat /proc/sys/kernel/random/boot_id)" ]
}

# Prints the pid of a part that runs; fails when it does not.
running() {
	recall "$1" || return 1
	[ -n "$known_start" ] && [ "$(start_time "$known_pid")" = "$known_start" ] || return 1
	echo "$known_pid"
}

# Ends what a part that was killed has left behind: a worker of nginx would hold its port for ever.
sweep() {
	! running "$1" >/dev/null || return 0
	if recall "$1" && [ -z "$(start_time "$known_pid")" ]; then
		for orphan in $(ps -o pid= -s "$known_pid"); do
			kill -s KILL "$orphan" 2>/dev/null || :
		done
	fi
	rm -f "$state/run/$1.pid"
}

# end NAME SIGNAL SECONDS: ends a part and waits for it; one that does not go in time is killed.
end() {
	end_pid=$(running "$1") || { sweep "$1"; return 0; }
	kill -s "$2" "$end_pid" 2>/dev/null || :
	tenths=$(($3 * 10))
	while running "$1" >/dev/null; do
		if [ $tenths -le 0 ]; then
			say "$1 (pid $end_pid) did not stop within $3 seconds; killing it"
			kill -s KILL "$end_pid" 2>/dev/null || :
		fi
		tenths=$((tenths - 1))
		[ $tenths -gt -50 ] || fail "cannot end $1 (pid $end_pid)"
		sleep 0.1
	done
	sweep "$1"
}

# Ends what runs, front to back, so that requests in progress are answered and nothing loses its database.
end_parts() {
	end nginx QUIT 20
	end sender TERM 60
	end robot TERM 60
	end api TERM 40
	end mariadb TERM 120
}

# Prints the value of an option of the configuration file: option GROUP NAME
option() {
	awk -v group="[$1]" -v name="$2" '
		/^[ \t]*[#;]/ { next }
		/^[ \t]*\[/ { gsub(/[ \t\r]/, ""); inside = ($0 == group); next }
		inside && (at = index($0, "=")) {
			found = substr($0, 1, at - 1); value = substr($0, at + 1)
			gsub(/[ \t]/, "", found); gsub(/^[ \t]+|[ \t\r]+$/, "", value)
			if (found == name) { gsub(/^"|"$/, "", value); print value; exit }
		}' "$state/bailleur.conf"
}

# program NAME ARGUMENT ...: one of the programs, with this state's configuration.
program() {
	program_name=$1
	shift
	# shellcheck disable=SC2154 # build is set by those who read this file
	[ -x "$build/$program_name" ] ||
		fail "$build/$program_name is not there: start scripts/run$(state_option) first"
	"$build/$program_name" --config "$state/bailleur.conf" "$@"
}
