using Link.Tests.Api;
using Link.Tests.Bed;
using Link.Tests.Client;
using Xunit;

namespace Link.Tests.Packaging;

/// <summary>The shells' completions, in the shells, with the published client.</summary>
public sealed class CompletionTests
{
    public static TheoryData<string, string, string> Lines
    {
        get
        {
            // The line as typed, up to the cursor; what has to be offered; what must not.
            (string Line, string Offered, string Not)[] lines =
            [
                ("link-client ", "ips endpoints failover health", "__complete --host"),
                ("link-client ips f", "failover", "list"),
                ("link-client endpoints add --pl", "--plugin --plugin-config", "--ip"),
                ("link-client endpoints add --on-etcd-loss ", "claim hold release", "list"),
                ("link-client -o j", "json", "table"),
                ("link-client gen", "generate-key", "list"),
                ("link-client generate-key --", "--hex --file", "--role"),
                ("link-client hash-password --role ", "read operate admin", "list"),
                ("link-client ips failover ", "10.0.0.1/32 2001:db8::1/128", "ips"),
                ("link-client ips failover 10", "10.0.0.1/32", "2001:db8::1/128"),
                ("link-client ips failover 2001:db8::", "2001:db8::1/128", "10.0.0.1/32"),
                ("link-client show --endpoint-id 10.0", "10.0.0.1/32", "list"),
                ("link-agent --", "--check-config --remove-addresses --help", "--host"),
            ];
            TheoryData<string, string, string> data = [];
            foreach (string shell in new[] { "bash", "zsh", "fish" })
            {
                foreach ((string line, string offered, string not) in lines)
                    data.Add(shell, line, $"{offered}|{not}");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task A_shell_offers_what_may_come_next(string shell, string line, string expected)
    {
        await using var api = await RunningApi.StartAsync();
        foreach (string address in new[] { "10.0.0.1/32", "2001:db8::1/128" })
            Assert.Equal(0, (await ClientRunner.RunAsync(api, $"ips add {address}")).Code);

        string text = await CompleteAsync(shell, line, api.Host);

        string[] offered = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string[] sides = expected.Split('|');
        Assert.All(sides[0].Split(' '), word => Assert.Contains(word, offered));
        Assert.All(sides[1].Split(' '), word => Assert.DoesNotContain(word, offered));
    }

    [Fact]
    public async Task Without_an_agent_a_completion_is_silent()
    {
        var (code, output, error) = await Tool.TryAsync(Programs.LinkClient, ["__complete", "--", "--host", "127.0.0.1:1", "ips", "show", ""]);
        Assert.Equal((0, "", ""), (code, output, error));
    }

    private static async Task<string> CompleteAsync(string shell, string line, string agent)
    {
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = $"{Path.GetDirectoryName(Programs.Link)}:/usr/bin:/bin",
            ["LINK_HOST"] = agent,
            ["HOME"] = "/nonexistent",
            ["LC_ALL"] = "C.UTF-8",
            ["TERM"] = "dumb",
            ["LINE"] = line,
        };
        string program = line.Split(' ')[0];
        string folder = Path.Combine(Programs.Root, "packaging", "completions");
        return shell switch
        {
            "bash" => await RunAsync("bash", ["--norc", "-c", Bash, "bash", Path.Combine(folder, $"{program}.bash")]),
            "zsh" => await RunAsync("zsh", ["-f", "-c", Zsh, "zsh", folder]),
            _ => await RunAsync("fish", ["--no-config", "-c", $"source {folder}/{program}.fish; complete -C $LINE | string split -f 1 \\t; true"]),
        };

        async Task<string> RunAsync(string file, string[] arguments)
        {
            var (code, output, error) = await Tool.TryAsync(Programs.Find(file), arguments, environment: environment);
            Assert.True(code == 0, $"{file}: {output}{error}");
            return output;
        }
    }

    /// <summary>As readline does it: the words behind the last colon are replaced, and what was before stays.</summary>
    private const string Bash = """
        . "$1"
        COMP_LINE=$LINE COMP_POINT=${#LINE}
        program=${LINE%% *} word=${LINE##* }
        specification=$(complete -p "$program")
        if [[ $specification == *"-W "* ]]; then
            list=${specification#*\'}
            compgen -W "${list%\'*}" -- "$word"
        else
            function=${specification##*-F }
            "${function%% *}"
            prefix=
            [[ $word == *:* ]] && prefix=${word%"${word##*:}"}
            for reply in "${COMPREPLY[@]}"; do printf '%s\n' "$prefix$reply"; done
        fi
        """;

    /// <summary>With what zsh's own functions would show, printed: they work only while a line is edited.</summary>
    private const string Zsh = """
        _describe() { print -rl -- "${(@)${(@)${(P@)@[-1]}//\\:/<colon>}%%:*}" | sed 's/<colon>/:/g'; }
        _arguments() { print -rl -- "${(@)@%%\[*}"; }
        _files() { :; }
        words=("${(@s: :)LINE}")
        CURRENT=$#words service=$words[1]
        complete() { . "$1/_link-client"; }
        complete "$1"
        """;
}
