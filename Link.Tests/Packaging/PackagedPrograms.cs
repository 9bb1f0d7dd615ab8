using System.Globalization;
using System.Runtime.Versioning;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.Packaging;

/// <summary>Programs of plugin exec on a machine with a package: each run asks for what a hostile one would.</summary>
[SupportedOSPlatform("linux")]
internal sealed class PackagedPrograms(PackagedHost host)
{
    internal const string Key = "0123456789abcdef0123456789abcdef-programs";
    private const string Kept = "/var/lib/link-exec";
    private const string EndpointKey = "probe";

    /// <summary>In link.env. The folder is not the default's: root's word has to reach the service.</summary>
    internal static readonly string[] Settings = [$"SECRET_STORAGE_ENCRYPTION_KEY={Key}", "EXEC_DIRECTORIES=/srv/programs,/usr/local/lib/link", "EXEC_ENVIRONMENT_ALLOW=PROBE_*"];

    /// <summary>
    /// What it may not do is told in a line each; $1 is where they go. Run as root outside, it tells them all: then the tests see what they look for.
    /// </summary>
    private const string Attack = """
        #!/bin/sh
        agent=$PROBE_AGENT
        {
            echo "user $(id -un):$(id -gn):$(id -Gn)"
            grep -E '^(CapEff|CapPrm|CapAmb|NoNewPrivs)' /proc/self/status | tr '\t' ' '
            ulimit -c | sed 's/^/core /'
            for file in /etc/link/link.env /etc/link/users /etc/link/tls.key /proc/$agent/environ /proc/$agent/mem /proc/$agent/maps; do
                (exec <$file) 2>/dev/null && echo "reads $file"
            done
            kill -0 $agent 2>/dev/null && echo "signals the agent"
            grep -rla "SECRET_STORAGE_ENCRYPTION_KEY=0" /proc/[0-9]*/environ /etc/link /run 2>/dev/null | sed 's/^/finds the key in /'
            [ -w /run/link/link.sock ] && echo "connects to the agent"
            [ -w /run/link-exec/socket ] && echo "connects to the service"
            for place in /etc/link /usr/local/lib/link /srv/programs /run/link-exec /usr/lib/link; do
                [ -w $place ] && echo "writes $place"
            done
            perl -MIO::Socket::UNIX -e '
                for (@ARGV) { print "reaches $_\n" if IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $_) }
            ' /run/link/link.sock /run/link-exec/socket
            cat /proc/self/environ | tr '\0' '\n' | grep -E '^(SECRET|PASSWORD|ETCD)' | sed 's/^/has /'
        } >"$1.new" 2>/dev/null
        mv "$1.new" "$1"
        """;

    private const string Probe = """
        #!/bin/sh
        echo "$LINK_STATE $PROBE_SECRET" >>/var/lib/link-exec/runs
        exec /srv/programs/attack /var/lib/link-exec/found.$LINK_STATE
        """;

    /// <summary>One request to the service, by hand. $1: JSON.</summary>
    private const string Ask = """
        #!/usr/bin/perl
        use IO::Socket::UNIX;
        my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => "/run/link-exec/socket") or die "no connection: $!\n";
        print $socket pack("V/a*", $ARGV[0]);
        $socket->flush;
        local $/;
        my $answer = <$socket>;
        print length($answer) ? substr($answer, 4) : "no answer", "\n";
        """;

    /// <summary>It and what it starts, in a session of its own, take no SIGTERM.</summary>
    private const string Hangs = """
        #!/bin/sh
        [ $1 = STANDBY ] && exit 0
        trap '' TERM
        setsid sh -c 'echo $$ >/var/lib/link-exec/child; while :; do sleep 1000; done' &
        echo $$ >/var/lib/link-exec/hangs
        while :; do sleep 1000; done
        """;

    /// <summary>A request for a program that ends at once.</summary>
    internal const string Nothing = """{"argv":["/srv/programs/nothing"],"environment":[],"timeout_ms":5000}""";

    private Machine Machine => host.Machine;

    internal async Task PrepareAsync()
    {
        await Machine.RunAsync("mkdir -p /srv/programs /usr/local/lib/link");
        foreach (var (name, text) in new[] { ("attack", Attack), ("probe", Probe), ("ask", Ask), ("hangs", Hangs), ("nothing", "#!/bin/sh") })
            await Machine.RunAsync($"cat >/srv/programs/{name} <<'PROGRAM'\n{text}\nPROGRAM\nchmod 755 /srv/programs/{name}");
        await Machine.RunAsync("umask 077; echo x >/etc/link/users; echo x >/etc/link/tls.key; chown root:link /etc/link/users /etc/link/tls.key; chmod 640 /etc/link/users /etc/link/tls.key");
    }

    /// <summary>An endpoint whose program looks for a way to the agent's secrets and finds none.</summary>
    internal async Task AttackAsync()
    {
        string agent = await Machine.RunAsync("systemctl show link -p MainPID --value");
        await Machine.RunAsync(
            $"link-client add --plugin exec --resource-id {EndpointKey} --program /srv/programs/probe --exec-env PROBE_AGENT={agent} --exec-env PROBE_SECRET=hunter2 --wait");
        string[] expected =
        [
            "user link-exec:link-exec:link-exec", "CapPrm: 0000000000000000", "CapEff: 0000000000000000", "CapAmb: 0000000000000000", "NoNewPrivs: 1", "core 0",
        ];
        Assert.Equal(expected, await FoundAsync($"{Kept}/found.ACTIVATED"));
        Assert.Equal("ACTIVATED hunter2", await Machine.RunAsync($"cat {Kept}/runs"));

        // Nor is it the sandbox alone that keeps it away; and root finds all of it.
        string variables = $"PROBE_AGENT={agent}";
        await Machine.RunAsync($"mkdir -m 777 /tmp/looks && setpriv --reuid=link-exec --regid=link-exec --clear-groups env {variables} /srv/programs/attack /tmp/looks/outside && env {variables} /srv/programs/attack /tmp/looks/root");
        string[] outside = await FoundAsync("/tmp/looks/outside");
        Assert.Equal(expected[0], outside[0]);
        Assert.DoesNotContain(outside, line => line.StartsWith("reads", StringComparison.Ordinal) || line.Contains("the agent", StringComparison.Ordinal) || line.Contains("the service", StringComparison.Ordinal)
            || line.StartsWith("writes", StringComparison.Ordinal) || line.StartsWith("reaches", StringComparison.Ordinal) || line.StartsWith("finds", StringComparison.Ordinal));
        string[] root = await FoundAsync("/tmp/looks/root");
        foreach (string line in new[]
        {
            "reads /etc/link/link.env", "reads /etc/link/users", $"reads /proc/{agent}/environ", $"reads /proc/{agent}/mem", "signals the agent", "finds the key in /etc/link/link.env",
            $"finds the key in /proc/{agent}/environ", "connects to the agent", "reaches /run/link/link.sock", "reaches /run/link-exec/socket",
        })
            Assert.Contains(line, root);
        Assert.Equal("root:link 750\nroot:root 600", await Machine.RunAsync("stat -c '%U:%G %a' /etc/link /etc/link/link.env"));
        Assert.Equal("EXEC_DIRECTORIES=/srv/programs,/usr/local/lib/link\nEXEC_ENVIRONMENT_ALLOW=PROBE_*", await Machine.RunAsync("cat /run/link-exec/settings"));
    }

    /// <summary>Whoever has taken over the agent, or another user, asks the service itself.</summary>
    internal async Task AskTheServiceAsync()
    {
        const string Shell = """{"argv":["/bin/sh","-c","id"],"environment":[],"timeout_ms":5000}""";
        Assert.Contains("/bin/sh is not below /srv/programs or /usr/local/lib/link", await AskAsync("link", Shell), StringComparison.Ordinal);
        Assert.Contains("LD_PRELOAD is not a variable", await AskAsync("link", """{"argv":["/srv/programs/attack","/tmp/x"],"environment":["LD_PRELOAD=/tmp/x"],"timeout_ms":5000}"""), StringComparison.Ordinal);
        Assert.Contains("Permission denied", await AskAsync("nobody", Shell), StringComparison.Ordinal);
        Assert.Contains("Permission denied", await AskAsync("link-exec", Shell), StringComparison.Ordinal);
        Assert.Contains("\"end\":0,\"number\":0", await AskAsync("link", Nothing), StringComparison.Ordinal);
        // Its mode is not all that keeps them out.
        await Machine.RunAsync("chmod 666 /run/link-exec/socket");
        Assert.Equal("no answer", (await AskAsync("nobody", Shell)).Trim());
        await Machine.RunAsync("chmod 600 /run/link-exec/socket");
        await Wait.UntilAsync(
            "a word about it", async () => (await Machine.RunAsync("journalctl --no-pager -u 'link-exec@*'")).Contains("is not the one whom /run/link-exec/socket belongs to", StringComparison.Ordinal),
            PackagedHost.Patience);
        Assert.DoesNotContain("Started", await Machine.RunAsync("journalctl --no-pager -u 'link-exec@*'"), StringComparison.Ordinal);
    }

    /// <summary>What one run takes by the service, and what of that is the asking, in microseconds: of many the least and the median.</summary>
    internal async Task<string> LatencyAsync() => await Machine.RunAsync($$"""
        median() {
            for i in $(seq 41); do
                start=$(date +%s%N); "$@" >/dev/null; end=$(date +%s%N); echo $(((end - start) / 1000))
            done | sort -n | sed -n '1p; 21p' | xargs
        }
        echo "$(median /srv/programs/ask '{{Nothing}}'), of which $(median perl -MIO::Socket::UNIX -e 1) to ask; the program alone $(median /srv/programs/nothing)"
        """);

    /// <summary>The agent is killed; what it had run is gone with all that it started, before the next agent runs it again.</summary>
    internal async Task DieAsync()
    {
        await Machine.RunAsync("link-client add --plugin exec --resource-id hangs --program /srv/programs/hangs --exec-timeout 300");
        await Wait.UntilAsync("the program", async () => (await Machine.TryAsync($"test -s {Kept}/hangs -a -s {Kept}/child")).Code == 0, PackagedHost.Patience);
        string[] pids = (await Machine.RunAsync($"cat {Kept}/hangs {Kept}/child")).Split('\n');
        await Machine.RunAsync($"rm {Kept}/hangs {Kept}/child; systemctl kill -s KILL --kill-whom=main link");
        foreach (string pid in pids)
            await Wait.UntilAsync($"end of {pid}", async () => (await Machine.TryAsync($"kill -0 {pid}")).Code != 0, PackagedHost.Patience);
        await Wait.UntilAsync("the next run", async () => (await Machine.TryAsync($"test -s {Kept}/hangs")).Code == 0, PackagedHost.Patience);
        await Machine.RunAsync("link-client delete exec/hangs");
        await Wait.UntilAsync("no units left", async () => await Machine.RunAsync("systemctl list-units --all --no-legend 'link-exec@*' | wc -l") == "0", PackagedHost.Patience);
    }

    /// <summary>After an upgrade: the program has run again.</summary>
    internal async Task<int> RunsAsync() => int.Parse(await Machine.RunAsync($"grep -c ACTIVATED {Kept}/runs"), CultureInfo.InvariantCulture);

    internal async Task RanAgainAsync(int before) => await Wait.UntilAsync("the program after the upgrade", async () => await RunsAsync() > before, PackagedHost.Patience);

    private async Task<string> AskAsync(string user, string request) =>
        (await Machine.TryAsync($"setpriv --reuid={user} --regid={(user == "nobody" ? "nogroup" : user)} --clear-groups /srv/programs/ask '{request}'")).Text;

    private async Task<string[]> FoundAsync(string file) => (await Machine.RunAsync($"cat {file}")).Split('\n');
}
