using System.Text.Json;
using System.Runtime.Versioning;
using Link.Core.Plugins;
using Link.Core.Plugins.Exec;
using Xunit;

namespace Link.Tests.Plugins.Exec;

[SupportedOSPlatform("linux")]
public sealed class ExecConfigTests(ScriptFolder folder) : IClassFixture<ScriptFolder>
{
    private const string Command = """["/usr/local/lib/link/notify","a"]""";

    [Theory]
    [InlineData($$"""{"resource_id":"db-vip","command":{{Command}}}""", null)]
    [InlineData($$"""{"resource_id":"db-vip","command":{{Command}},"ip":"10.0.0.1/24","timeout":300,"refresh_interval":60,"environment":{"A":"é\n","_b":""},"on_etcd_loss":"hold"}""", null)]
    [InlineData($$"""{"command":{{Command}},"environment":{},"refresh_interval":0,"timeout":10,"ip":"2001:DB8::1","resource_id":"a.B_c:1"}""",
        $$"""{"resource_id":"a.B_c:1","command":{{Command}},"ip":"2001:db8::1"}""")]
    [InlineData($$"""{"resource_id":"r","command":{{Command}},"ip":null,"timeout":null,"refresh_interval":null,"environment":null,"on_etcd_loss":null}""",
        $$"""{"resource_id":"r","command":{{Command}}}""")]
    public void What_is_written_is_what_was_read(string config, string? written)
    {
        ExecConfig read = Read(config).Value!;
        Assert.Equal(written ?? config, read.ToJson());
        Assert.Equal(read.ToJson(), Read(read.ToJson(), stored: true).Value!.ToJson());
        Assert.Equal($"exec/{read.ResourceId}", read.ElectionKey);
        Assert.DoesNotContain("é", read.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]", "plugin_config", "must be an object")]
    [InlineData("""{"command":["/x"]}""", "resource_id", "is missing")]
    [InlineData("""{"resource_id":"","command":["/x"]}""", "resource_id", "must be 1 to 128 letters")]
    [InlineData("""{"resource_id":"a/b","command":["/x"]}""", "resource_id", "must be 1 to 128 letters")]
    [InlineData("""{"resource_id":"a\n","command":["/x"]}""", "resource_id", "must be 1 to 128 letters")]
    [InlineData("""{"resource_id":7,"command":["/x"]}""", "resource_id", "must be a string")]
    [InlineData("""{"resource_id":"r"}""", "command", "is missing")]
    [InlineData("""{"resource_id":"r","command":"/x"}""", "command", "must be a list of strings")]
    [InlineData("""{"resource_id":"r","command":[]}""", "command", "must be a list of strings")]
    [InlineData("""{"resource_id":"r","command":["/x",1]}""", "command", "must be a list of strings")]
    [InlineData("""{"resource_id":"r","command":["x"]}""", "command", "is not absolute")]
    [InlineData("""{"resource_id":"r","command":[""]}""", "command", "is not absolute")]
    [InlineData("""{"resource_id":"r","command":["/a/../b"]}""", "command", "contains an empty part, . or ..")]
    [InlineData("""{"resource_id":"r","command":["/a//b"]}""", "command", "contains an empty part, . or ..")]
    [InlineData("""{"resource_id":"r","command":["/a/"]}""", "command", "contains an empty part, . or ..")]
    [InlineData("""{"resource_id":"r","command":["/a\n"]}""", "command", "contains a control character")]
    [InlineData("""{"resource_id":"r","command":["/a","b\u0000c"]}""", "command", "contains a NUL")]
    [InlineData("""{"resource_id":"r","command":["/x"],"ip":"10.0.0.300"}""", "ip", "is not an IP address")]
    [InlineData("""{"resource_id":"r","command":["/x"],"ip":"10.0.0.1/33"}""", "ip", "has a wrong prefix length")]
    [InlineData("""{"resource_id":"r","command":["/x"],"timeout":0}""", "timeout", "must be a whole number of seconds from 1 to 300")]
    [InlineData("""{"resource_id":"r","command":["/x"],"timeout":301}""", "timeout", "must be a whole number of seconds from 1 to 300")]
    [InlineData("""{"resource_id":"r","command":["/x"],"timeout":1.5}""", "timeout", "must be a whole number of seconds from 1 to 300")]
    [InlineData("""{"resource_id":"r","command":["/x"],"timeout":"5"}""", "timeout", "must be a whole number of seconds from 1 to 300")]
    [InlineData("""{"resource_id":"r","command":["/x"],"refresh_interval":-1}""", "refresh_interval", "from 0 to 86400, where 0 means never")]
    [InlineData("""{"resource_id":"r","command":["/x"],"environment":[]}""", "environment", "must be an object")]
    [InlineData("""{"resource_id":"r","command":["/x"],"environment":{"A=B":"x"}}""", "environment", "has a name that is not")]
    [InlineData("""{"resource_id":"r","command":["/x"],"environment":{"A":1}}""", "environment.A", "must be a string")]
    [InlineData("""{"resource_id":"r","command":["/x"],"environment":{"A":"\u0000"}}""", "environment.A", "contains a NUL")]
    [InlineData("""{"resource_id":"r","command":["/x"],"environment":{"A":"1","A":"2"}}""", "environment.A", "is given twice")]
    [InlineData("""{"resource_id":"r","command":["/x"],"environment":{"LINK_STATE":"x"}}""", "environment.LINK_STATE", "is not a variable that configurations may set on this host: LINK_ENV_*, LANG, LC_*, A, B, _b;")]
    [InlineData("""{"resource_id":"r","command":["/x"],"environment":{"LD_PRELOAD":"x"}}""", "environment.LD_PRELOAD", "is not a variable that configurations may set on this host: LINK_ENV_*, LANG, LC_*, A, B, _b;")]
    [InlineData("""{"resource_id":"r","command":["/x"],"environment":{"PATH":"/tmp"}}""", "environment.PATH", "is not a variable that configurations may set on this host: LINK_ENV_*, LANG, LC_*, A, B, _b;")]
    [InlineData("""{"resource_id":"r","command":["/x"],"environment":{"BASH_ENV":"x"}}""", "environment.BASH_ENV", "is not a variable that configurations may set on this host: LINK_ENV_*, LANG, LC_*, A, B, _b;")]
    [InlineData("""{"resource_id":"r","command":["/x"],"environment":{"OPENSSL_CONF":"/tmp/x"}}""", "environment.OPENSSL_CONF", "have the administrator name it in EXEC_ENVIRONMENT_ALLOW")]
    [InlineData("""{"resource_id":"r","command":["/x"],"environment":{"HOME":"/tmp"}}""", "environment.HOME", "is not a variable that configurations may set")]
    [InlineData("""{"resource_id":"r","command":["/x"],"on_etcd_loss":"panic"}""", "on_etcd_loss", "must be claim, hold or release")]
    [InlineData("""{"resource_id":"r","command":["/x"],"comand":["/x"]}""", "comand", "is unknown")]
    public void What_cannot_be_right_is_refused_with_the_reason(string config, string field, string reason)
    {
        Validated<ExecConfig> read = Read(config);
        Assert.Contains(reason, Assert.Single(Assert.Single(read.Errors, error => error.Key == field).Value), StringComparison.Ordinal);
        Assert.Single(read.Errors);
    }

    [Fact]
    public void Everything_that_is_wrong_is_told_at_once_and_no_secret()
    {
        Validated<ExecConfig> read = Read("""{"resource_id":"/","command":["x"],"timeout":0,"environment":{"A":"hunter2","LD_X":"hunter2","B":"hunter2\u0000"},"x":1}""");
        Assert.Equal(["command", "environment.B", "environment.LD_X", "resource_id", "timeout", "x"], read.Errors.Keys.Order(StringComparer.Ordinal));
        Assert.DoesNotContain("hunter2", string.Join(' ', read.Errors.Values.SelectMany(messages => messages)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(65, 1, "has 65 arguments; 64 at most")]
    [InlineData(2, 20_000, "has more than 32768 characters")]
    public void The_command_line_is_bounded(int arguments, int length, string reason)
    {
        string words = string.Join(',', Enumerable.Repeat($"\"{new string('x', length)}\"", arguments));
        Assert.Equal(reason, Assert.Single(Assert.Single(Read($$"""{"resource_id":"r","command":["/x",{{words}}]}""").Errors).Value));
    }

    [Fact]
    public void A_stored_variable_that_is_not_allowed_any_more_fails_with_the_reason()
    {
        const string Stored = """{"resource_id":"r","command":["/x"],"environment":{"PGHOST":"db"}}""";
        Assert.StartsWith("is not a variable that configurations may set on this host", Assert.Single(Assert.Single(Read(Stored, stored: true).Errors).Value), StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(Stored);
        Assert.True(ExecConfig.Read(document.RootElement, stored: true, new ProgramVariables(["PG*"])).IsValid);
    }

    [Fact]
    public void Fields_of_a_later_version_are_ignored_in_what_is_stored() =>
        Assert.True(Read("""{"resource_id":"r","command":["/x"],"cgroup":"x"}""", stored: true).IsValid);

    [Theory]
    [InlineData("""{"resource_id":"db","command":["/x"],"environment":{"A":{"sealed":true}}}""", "exec/db")]
    [InlineData("""{"resource_id":"db"}""", "exec/db")]
    [InlineData("""{"resource_id":"a/b"}""", null)]
    [InlineData("""{"resource_id":null}""", null)]
    [InlineData("[]", null)]
    public void The_election_key_is_known_without_the_secrets(string config, string? key)
    {
        using JsonDocument document = JsonDocument.Parse(config);
        Assert.Equal(key, ExecConfig.FindElectionKey(document.RootElement));
    }

    [Fact]
    public void A_program_that_may_not_be_run_is_refused_when_it_is_added_and_kept_when_it_is_stored()
    {
        using var loop = new RemoteLoop();
        using var plugin = new ExecPlugin(loop.Outputs, [folder.Path], new ProgramVariables([]));
        using JsonDocument document = JsonDocument.Parse($$"""{"resource_id":"r","command":["{{folder["missing"]}}"]}""");
        Assert.Equal($"{folder["missing"]} cannot be run: {folder["missing"]} does not exist on this host", Assert.Single(plugin.Read(document.RootElement, stored: false).Errors["command"]));
        Assert.True(plugin.Read(document.RootElement, stored: true).IsValid);
        folder.Script("missing", "exit 0");
        Assert.True(plugin.Read(document.RootElement, stored: false).IsValid);
        Assert.Equal(["environment.*"], plugin.SecretFields);
    }

    private static Validated<ExecConfig> Read(string config, bool stored = false)
    {
        using JsonDocument document = JsonDocument.Parse(config);
        return ExecConfig.Read(document.RootElement, stored, new ProgramVariables(["A", "B", "_b"]));
    }
}
