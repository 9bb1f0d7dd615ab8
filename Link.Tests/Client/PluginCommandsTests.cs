using Link.Cli.Client;
using Link.Core.Api;
using Link.Tests.Api;
using Xunit;

namespace Link.Tests.Client;

/// <summary>Endpoints of plugins other than arp, in the forms of LinK 3 and ours.</summary>
public sealed class PluginCommandsTests
{
    private const string Id = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";
    private const string Added = "vip-00000000-0000-4000-8000-000000000001";

    [Theory]
    [InlineData(
        "create --plugin outscale_public_ip --public-ip-id eipalloc-abc123 --nic-id eni-abc123 --region eu-west-2 --access-key AK --secret-key SK",
        """{"access_key":"AK","secret_key":"SK","region":"eu-west-2","public_ip_id":"eipalloc-abc123","nic_id":"eni-abc123"}""",
        "outscale_public_ip/eipalloc-abc123")]
    [InlineData(
        "add --plugin webhook --url https://lb.example/vip --resource-id front --secret s",
        """{"url":"https://lb.example/vip","secret":"s","resource_id":"front"}""",
        "webhook/front")]
    [InlineData(
        "endpoints add --plugin webhook --url u --resource-id front --secret s --header 'Authorization: Bearer a:b' --header X-A:1 --on-etcd-loss hold",
        """{"url":"u","headers":{"Authorization":"Bearer a:b","X-A":"1"},"secret":"s","resource_id":"front","on_etcd_loss":"hold"}""",
        "webhook/front")]
    [InlineData(
        "add --plugin exec --program /usr/lib/db-vip --argument primary --argument=-x --resource-id db --exec-env A=1=2 --exec-env B= --exec-timeout 10 --exec-ip 10.0.0.1/32 --exec-refresh-interval 0",
        """{"command":["/usr/lib/db-vip","primary","-x"],"resource_id":"db","environment":{"A":"1=2","B":""},"timeout":10,"ip":"10.0.0.1/32","refresh_interval":0}""",
        "exec/db")]
    [InlineData("add --plugin exec --program /usr/lib/db-vip --resource-id db", """{"command":["/usr/lib/db-vip"],"resource_id":"db"}""", "exec/db")]
    public async Task Each_plugin_has_options_for_its_fields(string line, string config, string key)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal((0, $"endpoint vip-00000000-0000-4000-8000-000000000001 ({key}) added: BOOTING\n", ""), (result.Code, result.Output, result.Error));
        Assert.Equal(config, api.Agent.LastWish!.PluginConfig.GetRawText());
    }

    [Fact]
    public async Task Checks_may_follow_as_words()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, "add --plugin webhook --url u --resource-id front --secret s TCP 10.0.0.9:80");
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal([new HealthCheckContract("TCP", "10.0.0.9", 80)], api.Agent.LastWish!.Checks);
    }

    [Fact]
    public async Task Secrets_come_from_files()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string directory = Directory.CreateTempSubdirectory("link-client-").FullName;
        try
        {
            string path = Path.Combine(directory, "hook.secret");
            await File.WriteAllTextAsync(path, "from a file\n", TestContext.Current.CancellationToken);
            ClientResult result = await ClientRunner.RunAsync(api, $"add --plugin webhook --url u --resource-id r --secret @{path} --header 'Authorization: @{path}'");
            Assert.Equal((0, ""), (result.Code, result.Error));
            Assert.Equal("""{"url":"u","headers":{"Authorization":"from a file"},"secret":"from a file","resource_id":"r"}""", api.Agent.LastWish!.PluginConfig.GetRawText());
            result = await ClientRunner.RunAsync(api, $"add --plugin exec --program /p --resource-id r --exec-env TOKEN=@{path} --exec-env AT=@@home");
            Assert.Equal((0, ""), (result.Code, result.Error));
            Assert.Equal("""{"command":["/p"],"resource_id":"r","environment":{"TOKEN":"from a file","AT":"@home"}}""", api.Agent.LastWish!.PluginConfig.GetRawText());
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Theory]
    [InlineData("--access-key @{0} --secret-key -", "piped in\n", "from a file", "piped in")]
    [InlineData("--access-key - --secret-key @{0}", "piped in", "piped in", "from a file")]
    public async Task Both_keys_of_Outscale_may_stay_off_the_command_line(string options, string input, string accessKey, string secretKey)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string directory = Directory.CreateTempSubdirectory("link-client-").FullName;
        try
        {
            string path = Path.Combine(directory, "key");
            await File.WriteAllTextAsync(path, "from a file\n", TestContext.Current.CancellationToken);
            string line = "add --plugin outscale_public_ip --public-ip-id eipalloc-abc123 --nic-id eni-abc123 --region eu-west-2 --on-etcd-loss hold "
                + options.Replace("{0}", path, StringComparison.Ordinal);
            ClientResult result = await ClientRunner.RunAsync(["--host", api.Host, .. ClientRunner.Split(line)], input);
            Assert.Equal((0, ""), (result.Code, result.Error));
            Assert.Equal(
                $$"""{"access_key":"{{accessKey}}","secret_key":"{{secretKey}}","region":"eu-west-2","public_ip_id":"eipalloc-abc123","nic_id":"eni-abc123","on_etcd_loss":"hold"}""",
                api.Agent.LastWish!.PluginConfig.GetRawText());
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task A_CA_is_the_text_of_a_file_or_of_the_standard_input()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n", TestContext.Current.CancellationToken);
            const string Text = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----";
            foreach ((string id, string given) in new[] { ("a", path), ("b", $"@{path}") })
            {
                ClientResult result = await ClientRunner.RunAsync(api, $"add --plugin webhook --url u --resource-id {id} --secret s --ca {given}");
                Assert.Equal((0, ""), (result.Code, result.Error));
                Assert.Equal(Text, api.Agent.LastWish!.PluginConfig.GetProperty("ca").GetString());
            }

            string[] args = ["--host", api.Host, .. ClientRunner.Split("add --plugin webhook --url u --resource-id r --secret s --ca -")];
            Assert.Equal(0, (await ClientRunner.RunAsync(args, Text + "\n")).Code);
            Assert.Equal(Text, api.Agent.LastWish!.PluginConfig.GetProperty("ca").GetString());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task The_help_tells_every_field_of_a_webhook()
    {
        string help = string.Join(' ', (await ClientRunner.RunAsync(["endpoints", "add", "--help"])).Output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
        Assert.All(
            new[]
            {
                "--url <URL> webhook: where to POST",
                "--header <HEADER> webhook: \"Name: value\", \"Name: @FILE\" or \"Name: -\"; may be repeated",
                "--secret <SECRET> webhook: as @FILE or - (standard input), or in env LINK_PLUGIN_SECRET",
                "--ca <FILE> webhook: PEM file with the only CAs to trust, or -; its text is stored",
                "--resource-id <ID> webhook, exec: hosts with the same ID compete",
                "--on-etcd-loss <POLICY> claim, hold or release",
            },
            part => Assert.Contains(part, help, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_secret_comes_from_the_standard_input()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string[] args = ["--host", api.Host, .. ClientRunner.Split("add --plugin webhook --url u --resource-id r --secret -")];
        ClientResult result = await ClientRunner.RunAsync(args, "piped in\r\n");
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal("""{"url":"u","secret":"piped in","resource_id":"r"}""", api.Agent.LastWish!.PluginConfig.GetRawText());
    }

    [Fact]
    public async Task Ctrl_C_ends_the_wait_for_the_standard_input()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        using CancellationTokenSource interrupt = new();
        using EndlessInput input = new(interrupt.Cancel);
        using StringWriter output = new();
        using StringWriter error = new();
        string[] args = ["--host", api.Host, .. ClientRunner.Split("add --plugin webhook --url u --resource-id r --secret -")];
        int code = await ClientProgram.RunAsync(args, new ClientConsole(output, error, _ => null, false, input), interrupt.Token);
        Assert.Equal((130, ""), (code, output.ToString()));
        Assert.Null(api.Agent.LastWish);
    }

    [Fact]
    public async Task Secrets_come_from_the_environment_unless_the_option_is_given()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ClientResult result = await ClientRunner.RunAsync(
            api,
            "add --plugin outscale_public_ip --public-ip-id eipalloc-abc123 --nic-id eni-abc123 --region eu-west-2 --secret-key SK",
            false,
            ("LINK_PLUGIN_ACCESS_KEY", "EA"),
            ("LINK_PLUGIN_SECRET_KEY", "ES"),
            ("LINK_PLUGIN_SECRET", "not of this plugin"));
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.StartsWith("""{"access_key":"EA","secret_key":"SK","region":""", api.Agent.LastWish!.PluginConfig.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_that_begins_with_an_at_sign_doubles_it()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        Assert.Equal(0, (await ClientRunner.RunAsync(api, "add --plugin webhook --url u --resource-id r --secret @@home")).Code);
        Assert.Equal("@home", api.Agent.LastWish!.PluginConfig.GetProperty("secret").GetString());
    }

    [Theory]
    [InlineData("add --plugin webhook --plugin-config -", """{"url":"u","resource_id":"r"}""")]
    [InlineData("add --plugin arp --plugin-config - TCP h:1", """{"ip":"10.0.0.1/32","interface":"eth1"}""")]
    [InlineData("add --plugin-config -", """{"ip":"10.0.0.1/32"}""")]
    public async Task All_of_a_configuration_comes_from_the_standard_input(string line, string config)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ClientResult result = await ClientRunner.RunAsync(["--host", api.Host, .. ClientRunner.Split(line)], config + "\n");
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(config, api.Agent.LastWish!.PluginConfig.GetRawText());
    }

    [Theory]
    [InlineData("done", null, 0, $"endpoint {Added} (webhook/front) added: ACTIVATED, holder web-1\n", "")]
    [InlineData(
        "failed", "lb.example:443 answered 500", 1, "",
        $"link-client: endpoint {Added} (webhook/front) is added and ACTIVATED, but the call to the outside failed, and is tried again: lb.example:443 answered 500\n")]
    public async Task An_addition_waits_for_the_end_of_the_first_call_to_the_outside(string output, string? lastError, int code, string said, string complaint)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Outputs.Enqueue(("pending", null));
        api.Agent.Outputs.Enqueue(("pending", null));
        api.Agent.Outputs.Enqueue((output, lastError));
        ClientResult result = await ClientRunner.RunAsync(api, "add --plugin webhook --url https://lb.example/vip --resource-id front --secret s --wait");
        Assert.Equal((code, said, complaint), (result.Code, result.Output, result.Error));
        Assert.Empty(api.Agent.Outputs);
    }

    [Fact]
    public async Task A_first_call_that_does_not_end_is_waited_for_no_longer_than_was_said()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Outputs.Enqueue(("pending", null));
        ClientResult result = await ClientRunner.RunAsync(api, "add --plugin webhook --url https://lb.example/vip --resource-id front --secret s --wait --wait-timeout 300ms");
        Assert.Equal((1, ""), (result.Code, result.Output));
        Assert.Equal($"link-client: done, but waited 0.3 s in vain: {Added} is ACTIVATED, holder web-1, and the first call to the outside has not ended\n", result.Error);
    }

    [Fact]
    public async Task Show_prints_the_plugins_fields_and_when_the_last_error_was()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(new EndpointSnapshot
        {
            Id = Id,
            Status = "FAILING",
            Plugin = "webhook",
            ElectionKey = "webhook/front",
            Reason = "the webhook fails",
            Output = "failed",
            Since = DateTimeOffset.UnixEpoch,
            OnEtcdLoss = "hold",
            LastError = "https://lb.example/vip answered 503",
            LastErrorAt = DateTimeOffset.UnixEpoch.AddSeconds(7),
            PluginConfigJson = """{"url":"https://lb.example/vip","headers":{"Authorization":"***"},"secret":"***","resource_id":"front","ca":"-----BEGIN\nMII=\n-----END","on_etcd_loss":"hold"}""",
        });
        ClientResult result = await ClientRunner.RunAsync(api, "show webhook/front");
        Assert.Equal(
            $$"""
            ID            {{Id}}
            STATUS        FAILING
            REASON        the webhook fails
            OUTPUT        failed
            SINCE         1970-01-01 00:00:00 UTC
            PLUGIN        webhook
            ADDRESS       webhook/front
            URL           https://lb.example/vip
            HEADERS       {"Authorization":"***"}
            SECRET        ***
            RESOURCE ID   front
            CA            3 lines; -o json shows them
            ELECTION KEY  webhook/front
            ON ETCD LOSS  hold
            LAST ERROR    https://lb.example/vip answered 503 (1970-01-01 00:00:07 UTC)

            """,
            result.Output);
        Assert.Contains($"{Id}  FAILING  webhook/front  -  ", (await ClientRunner.RunAsync(api, "list")).Output.Replace("         ", "  ", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    /// <summary>A terminal where nobody types.</summary>
    private sealed class EndlessInput(Action asked) : TextReader
    {
        private readonly ManualResetEventSlim _end = new();

        public override int ReadBlock(char[] buffer, int index, int count)
        {
            asked();
            _end.Wait(TimeSpan.FromSeconds(30));
            return 0;
        }

        // The event is not disposed: the read may still be at it.
        protected override void Dispose(bool disposing) => _end.Set();
    }
}
