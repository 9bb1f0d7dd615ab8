using System.Net;
using System.Net.Sockets;
using Link.Cli.Client;
using Link.Core.Api;
using Link.Tests.Api;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Client;

public sealed class ConnectionTests
{
    [Fact]
    public async Task Global_options_stand_before_or_after_the_command()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { User = "admin", Password = "secret" });
        foreach (string[] args in new string[][]
        {
            ["--host", api.Host, "--user", "admin", "--password", "secret", "version"],
            ["version", "--host", api.Host, "-u", "admin", "-p", "secret"],
            ["ips", "--host", api.Url, "list", "-u", "admin", "--password=secret"],
        })
        {
            ClientResult result = await ClientRunner.RunAsync(args);
            Assert.Equal((0, ""), (result.Code, result.Error));
        }
    }

    [Fact]
    public async Task The_environment_says_where_and_who()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { User = "admin", Password = "secret" });
        ClientResult result = await ClientRunner.RunAsync(["version"], false, ("LINK_HOST", api.Host), ("LINK_USER", "admin"), ("LINK_PASSWORD", "secret"));
        Assert.Equal((0, ""), (result.Code, result.Error));
    }

    [Fact]
    public async Task Wrong_credentials_say_what_to_give()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { User = "admin", Password = "secret" });
        ClientResult result = await ClientRunner.RunAsync(api, "list");
        Assert.Equal((1, "link-client: credentials are missing or wrong: give --user and --password, or LINK_USER and LINK_PASSWORD\n"), (result.Code, result.Error));
    }

    [Fact]
    public async Task The_Unix_socket_needs_no_credentials()
    {
        string directory = Directory.CreateTempSubdirectory("link-client-").FullName;
        string path = Path.Combine(directory, "link.sock");
        await using (RunningApi api = await RunningApi.StartAsync(options => options with { SocketPath = path, Password = "secret" }))
        {
            Assert.Equal(0, (await ClientRunner.RunAsync(["version", "--socket", path])).Code);
            Assert.Equal(0, (await ClientRunner.RunAsync(["version"], false, ("LINK_SOCKET", path))).Code);
        }

        ClientResult gone = await ClientRunner.RunAsync(["version", "--socket", path]);
        Assert.Equal(3, gone.Code);
        Assert.StartsWith($"link-client: no agent answers at {path} (no such file); ", gone.Error, StringComparison.Ordinal);
        Directory.Delete(directory);
    }

    [Fact]
    public async Task A_name_without_an_address_is_said_to_be_the_fault()
    {
        ClientResult result = await ClientRunner.RunAsync(["version", "--host", "agent.invalid"]);
        Assert.Equal(3, result.Code);
        Assert.Matches(@"no agent answers at http://agent\.invalid:1313 \((its name is not known|the name servers do not answer)\)", result.Error);
    }

    [Theory]
    [InlineData("list")]
    [InlineData("ips add 10.0.0.1/32")]
    [InlineData("version")]
    [InlineData("health")]
    public async Task An_agent_that_is_not_there_is_exit_3_with_the_place(string line)
    {
        string host = $"127.0.0.1:{ReservedPorts.Take(IPAddress.Loopback)}";
        ClientResult result = await ClientRunner.RunAsync([.. ClientRunner.Split(line), "--host", host]);
        Assert.Equal(3, result.Code);
        Assert.Equal($"link-client: no agent answers at http://{host} (Connection refused); is it running? Point elsewhere with --host HOST:PORT or --socket PATH\n", result.Error);
    }

    [Fact]
    public async Task An_agent_that_does_not_answer_in_time_is_exit_3()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Question = _ => new TaskCompletionSource().Task;
        ClientResult result = await ClientRunner.RunAsync(api, "list --timeout 50ms");
        Assert.Equal((3, $"link-client: no answer from {api.Url} in time; is it running? Point elsewhere with --host HOST:PORT or --socket PATH\n"), (result.Code, result.Error));
    }

    [Fact]
    public async Task Ctrl_C_is_exit_130()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        using CancellationTokenSource interrupt = new();
        api.Agent.Question = _ =>
        {
            interrupt.Cancel();
            return new TaskCompletionSource().Task;
        };
        using StringWriter output = new();
        using StringWriter error = new();
        int code = await ClientProgram.RunAsync(["list", "--host", api.Host], new ClientConsole(output, error, _ => null, false), interrupt.Token);
        Assert.Equal((130, "", "link-client: interrupted; what the agent was told to do goes on\n"), (code, output.ToString(), error.ToString()));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:1313")]
    [InlineData("http://127.0.0.1:1313")]
    [InlineData("http://127.0.0.1:1313/")]
    [InlineData("[::1]:1313")]
    [InlineData("[::1]")]
    [InlineData("::1")]
    [InlineData("localhost")]
    public async Task Hosts_are_written_in_many_ways_with_1313_as_the_port(string host)
    {
        ClientResult result = await ClientRunner.RunAsync(["version", "--host", host, "--timeout", "2s"]);
        // Whether an agent runs here or not: the address is understood.
        Assert.Contains(result.Code, new[] { 0, 1, 3 });
        if (result.Code == 3)
        {
            Assert.Contains(":1313", result.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("http://127.0.0.9", ":80 ")]
    [InlineData("https://[::1]", ":443 ")]
    public async Task A_URL_without_a_port_says_which_one_it_means(string host, string port)
    {
        ClientResult result = await ClientRunner.RunAsync(["version", "--host", host, "--timeout", "2s"]);
        Assert.Equal(3, result.Code);
        Assert.Contains(host + port, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_of_several_fields_tells_them_all()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Command = _ => Task.FromResult(new Outcome(OutcomeStatus.Invalid, "two faults", new Dictionary<string, IReadOnlyList<string>>
        {
            ["ip"] = ["is no address"],
            ["checks[0].port"] = ["must be 1 to 65535", "or so"],
        }));
        ClientResult result = await ClientRunner.RunAsync(api, "ips add banana TCP h:0");
        Assert.Equal((1, "link-client: two faults: ip is no address; checks[0].port must be 1 to 65535, or so\n"), (result.Code, result.Error));
    }

    [Fact]
    public async Task A_refusal_whose_line_tells_all_faults_is_not_told_twice()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Command = _ => Task.FromResult(new Outcome(OutcomeStatus.Invalid, "ip is no address; to is no host", new Dictionary<string, IReadOnlyList<string>>
        {
            ["ip"] = ["is no address"],
            ["to"] = ["is no host"],
        }));
        ClientResult result = await ClientRunner.RunAsync(api, "ips add banana");
        Assert.Equal((1, "link-client: ip is no address; to is no host\n"), (result.Code, result.Error));
    }
}
