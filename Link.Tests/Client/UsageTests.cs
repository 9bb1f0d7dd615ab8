using Link.Tests.Api;
using Xunit;

namespace Link.Tests.Client;

public sealed class UsageTests
{
    [Theory]
    [InlineData("--help", "link-client [command] [options]")]
    [InlineData("-h", "Examples:\n  link-client ips add 10.0.0.1/32")]
    [InlineData("", "Commands:")]
    [InlineData("ips --help", "link-client ips add 10.0.0.1/32")]
    [InlineData("ips add --help", "--on-etcd-loss")]
    [InlineData("endpoints add -h", "--plugin")]
    [InlineData("failover --help", "--wait")]
    [InlineData("show --nonsense --help", "link-client show 10.0.0.1")]
    public async Task Help_goes_to_the_output_with_exit_0(string line, string part)
    {
        ClientResult result = await ClientRunner.RunAsync(ClientRunner.Split(line));
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Contains(part, result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense", "nonsense is no command; the commands are ips, endpoints, list,")]
    [InlineData("ips", "ips needs a command: list, show, add,")]
    [InlineData("ips frobnicate", "frobnicate is no command; the commands are list, show,")]
    [InlineData("list extra", "extra is one word or option too many")]
    [InlineData("list --nonsense", "--nonsense is one word or option too many")]
    [InlineData("show", "which endpoint?")]
    [InlineData("show a b", "b is one word or option too many")]
    [InlineData("show a --id b", "both b and a are given; give one endpoint")]
    [InlineData("show ''", "the endpoint's id is empty")]
    [InlineData("add", "which address?")]
    [InlineData("ips add 10.0.0.1/32 TCP", "TCP is one word too many")]
    [InlineData("ips add 10.0.0.1/32 TCP host", "host is no HOST:PORT")]
    [InlineData("ips add 10.0.0.1/32 TCP ::1:80", "::1:80 is no HOST:PORT")]
    [InlineData("ips add 10.0.0.1/32 --health-check TCP h:1", "--health-check \"TCP\" is no check; write it in quotes")]
    [InlineData("ips add 10.0.0.1/32 --health-check-interval soon", "--health-check-interval soon is no whole number of seconds")]
    [InlineData("endpoints add --plugin webhook", "plugin webhook needs --url, --secret (or LINK_PLUGIN_SECRET), --resource-id; or --plugin-config JSON")]
    [InlineData("add --plugin exec --resource-id r", "plugin exec needs --program; or --plugin-config JSON")]
    [InlineData("add --plugin outscale_public_ip --public-ip-id a --nic-id b --region c --access-key D", "plugin outscale_public_ip needs --secret-key (or LINK_PLUGIN_SECRET_KEY); or")]
    [InlineData("add --plugin lb", "plugin lb needs --plugin-config JSON")]
    [InlineData("add 10.0.0.1/32 --url http://x", "--url is for plugin webhook, not for arp")]
    [InlineData("add --plugin webhook --url u --secret s --resource-id r --ip 10.0.0.1/32", "--ip is for plugin arp, not for webhook")]
    [InlineData("add --plugin outscale_public_ip --resource-id r", "--resource-id is for plugin webhook or exec, not for outscale_public_ip")]
    [InlineData("add --plugin lb --region r", "--region is for plugin outscale_public_ip, not for lb")]
    [InlineData("add --plugin webhook --url u --plugin-config {}", "--plugin-config is all of the configuration; leave out --url")]
    [InlineData("add --plugin webhook --plugin-config @/nonexistent/c.json", "--plugin-config @/nonexistent/c.json cannot be read: no such file. See: ")]
    [InlineData("add --plugin webhook --url u --resource-id r --secret s --ca /nonexistent/ca.pem", "--ca /nonexistent/ca.pem cannot be read: ")]
    [InlineData("add --plugin webhook --plugin-config []", "--plugin-config is no JSON object")]
    [InlineData("add --plugin webhook --url u --resource-id r --secret - --header 'a: -'", "--header a and --secret cannot both be the standard input; give one as @FILE")]
    [InlineData("add --plugin webhook --url u --resource-id r --secret s --header Token", "--header is written as \"Name: value\"")]
    [InlineData("add --plugin webhook --url u --resource-id r --secret s --header 'a: b' --header a:c", "--header gives a twice")]
    [InlineData("add --plugin exec --argument a --resource-id r", "plugin exec needs --program; or --plugin-config JSON")]
    [InlineData("add --argument a 10.0.0.1/32", "--argument is for plugin exec, not for arp")]
    [InlineData("add --plugin exec --program /p --resource-id r --exec-env =x", "--exec-env is written as NAME=VALUE")]
    [InlineData("add --plugin exec --program /p --resource-id r --exec-timeout 5s", "--exec-timeout 5s is no whole number of seconds")]
    [InlineData("ips add 10.0.0.1/32 --url=u", "--url=u is no option here")]
    [InlineData("ips add 10.0.0.1/32 --wiat", "--wiat is no option here. See: ")]
    [InlineData("set-health-checks a --chek TCP h:1", "--chek is no option here")]
    [InlineData("rotate-encryption-key now", "now is one word or option too many")]
    [InlineData("endpoints add --plugin webhook --plugin-config {", "--plugin-config is no JSON; see line 1, byte 2. See: ")]
    [InlineData("endpoints add 10.0.0.1/32 --plugin-config {}", "--plugin-config is all of the configuration; leave out 10.0.0.1/32")]
    [InlineData("list --output xml", "--output xml is not known; use table or json")]
    [InlineData("list --timeout 5", "--timeout 5 is no duration")]
    [InlineData("list --timeout 0s", "--timeout 0s is no duration")]
    [InlineData("add 10.0.0.1/32 --wait-timeout soon", "--wait-timeout soon is no duration")]
    [InlineData("list --socket /x --host h", "--host and --socket are two agents; give one")]
    [InlineData("list --password-file /nonexistent/pw", "--password-file /nonexistent/pw cannot be read: no such file")]
    [InlineData("list --host http://", "http:// is no agent")]
    [InlineData("list --host ftp://h", "ftp://h is no agent")]
    [InlineData("list --host", "Required argument missing for option: '--host'")]
    public async Task A_wrong_command_line_is_exit_2_with_one_line(string line, string message)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string[] args = ClientRunner.Split(line);
        ClientResult result = await ClientRunner.RunAsync(line.Contains("--host", StringComparison.Ordinal) ? args : [.. args, "--host", api.Host]);
        Assert.Equal((2, ""), (result.Code, result.Output));
        Assert.StartsWith($"link-client: {message}", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task The_way_to_the_help_names_the_command()
    {
        ClientResult result = await ClientRunner.RunAsync(["ips", "add"]);
        Assert.EndsWith(". See: link-client ips add --help\n", result.Error, StringComparison.Ordinal);
    }
}
