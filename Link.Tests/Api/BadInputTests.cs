using Xunit;

namespace Link.Tests.Api;

public sealed class BadInputTests
{
    private const string Id = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";

    [Theory]
    [InlineData("", "the body is empty; expected a JSON object")]
    [InlineData("[]", "the body is a list; expected a JSON object")]
    [InlineData("null", "the body is null; expected a JSON object")]
    [InlineData("{\"ip\":}", "broken JSON at line 1, byte 7: '}' is an invalid start of a value.")]
    [InlineData("{\n \"ip\": x}", "broken JSON at line 2, byte 8: 'x' is an invalid start of a value.")]
    [InlineData("{\"ip\":\"a\"} {}", "broken JSON at line 1, byte 12: '{' is invalid after a single JSON value. Expected end of data.")]
    [InlineData("{\"ip\":\"a\",\"ip\":\"b\"}", "field ip occurs twice")]
    [InlineData("{\"ip\":\"a\",\"\\u0069p\":\"b\"}", "field ip occurs twice")]
    [InlineData("{\"ip\":\"\\ud800\"}", "ip has an unpaired surrogate")]
    [InlineData("{\"\\ud800\":1}", "a field's name in the body has an unpaired surrogate")]
    public async Task What_is_no_JSON_object_is_400_with_the_place(string body, string error)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync("POST", "/ips", body);
        Assert.Equal((400, error), (reply.Status, Error(reply)));
        Assert.Null(api.Agent.LastWish);
    }

    [Theory]
    [InlineData("{}", "ip", "is missing")]
    [InlineData("{\"ip\":null}", "ip", "is missing")]
    [InlineData("{\"ip\":7}", "ip", "is a number; expected a text")]
    [InlineData("{\"ip\":\"a\",\"healthcheck_interval\":\"7\"}", "healthcheck_interval", "is a text; expected a whole number")]
    [InlineData("{\"ip\":\"a\",\"healthcheck_interval\":1.5}", "healthcheck_interval", "is 1.5; expected a whole number of 32 bits")]
    [InlineData("{\"ip\":\"a\",\"healthcheck_interval\":99999999999}", "healthcheck_interval", "is 99999999999; expected a whole number of 32 bits")]
    [InlineData("{\"ip\":\"a\",\"checks\":{}}", "checks", "is an object; expected a list of checks")]
    [InlineData("{\"ip\":\"a\",\"checks\":[1]}", "checks[0]", "is a number; expected an object with type, host and port")]
    [InlineData("{\"ip\":\"a\",\"checks\":[{\"type\":\"TCP\",\"host\":\"h\"}]}", "checks[0].port", "is missing")]
    [InlineData("{\"ip\":\"a\",\"checks\":[{\"type\":\"TCP\",\"host\":\"h\",\"port\":\"80\"}]}", "checks[0].port", "is a text; expected a whole number")]
    [InlineData("{\"ip\":\"a\",\"checks\":[{\"type\":\"TCP\",\"host\":\"h\",\"port\":80,\"prot\":1}]}", "checks[0].prot", "is not known; known: host, port, type")]
    [InlineData("{\"ip\":\"a\",\"check\":[]}", "check", "is not known; known: checks, healthcheck_interval, id, interface, ip, keepalive_interval, on_etcd_loss, status")]
    public async Task A_wrong_field_is_422_and_named(string body, string field, string message)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync("POST", "/ips", body);
        Assert.Equal((422, $"{{\"error\":\"{field} {message}\",\"errors\":{{\"{field}\":[\"{message}\"]}},\"msg\":\"{field} {message}\"}}\n"), (reply.Status, reply.Body));
        Assert.Null(api.Agent.LastWish);
    }

    [Fact]
    public async Task All_wrong_fields_are_told_at_once()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync("POST", "/endpoints", """{"healthcheck_interval":true,"plugin_config":[],"colour":"red"}""");
        Assert.Equal(422, reply.Status);
        Assert.Equal(
            "{\"error\":\"colour is not known; known: checks, healthcheck_interval, plugin, plugin_config (and 3 more)\",\"errors\":{\"plugin\":[\"is missing\"],\"plugin_config\":[\"is a list; expected an object\"],"
            + "\"healthcheck_interval\":[\"is a truth value; expected a whole number\"],\"colour\":[\"is not known; known: checks, healthcheck_interval, plugin, plugin_config\"]}}\n",
            reply.Body);
    }

    [Theory]
    [InlineData("{\"checks\":[]}", "checks is not known; known: healthchecks")]
    [InlineData("{\"healthcheks\":[{\"type\":\"TCP\",\"host\":\"h\",\"port\":1}]}", "healthcheks is not known; known: healthchecks")]
    [InlineData("{}", "healthchecks is missing")]
    public async Task A_misspelt_PATCH_changes_nothing(string body, string error)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(FakeAgent.Arp(Id, "10.0.0.1/32") with { Checks = [new("TCP", "h", 1)] });
        ApiReply reply = await api.SendAsync("PATCH", $"/endpoints/{Id}", body);
        Assert.Equal(422, reply.Status);
        Assert.Contains(error, reply.Body, StringComparison.Ordinal);
        Assert.Null(api.Agent.LastChecks);
    }

    [Theory]
    [InlineData("{\"to\":7}", 422)]
    [InlineData("{\"host\":\"web-2\"}", 422)]
    [InlineData("to", 400)]
    public async Task A_wrong_failover_body_hands_nothing_over(string body, int status)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(FakeAgent.Arp(Id, "10.0.0.1/32"));
        Assert.Equal(status, (await api.SendAsync("POST", $"/ips/{Id}/failover", body)).Status);
        Assert.Equal(204, (await api.SendAsync("POST", $"/ips/{Id}/failover")).Status);
    }

    [Fact]
    public async Task Duplicates_deep_in_the_plugins_configuration_are_found()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync("POST", "/endpoints", """{"plugin":"webhook","plugin_config":{"headers":[{"a":1,"a":2}]}}""");
        Assert.Equal((400, "field plugin_config.headers[0].a occurs twice"), (reply.Status, Error(reply)));
    }

    [Fact]
    public async Task A_body_nested_too_deep_is_400()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string deep = $"{{\"plugin\":\"x\",\"plugin_config\":{{\"a\":{new string('[', 500)}{new string(']', 500)}}}}}";
        Assert.Equal(400, (await api.SendAsync("POST", "/endpoints", deep)).Status);
    }

    [Fact]
    public async Task An_answer_gives_back_little_of_a_long_mistake()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string fields = string.Join(",", Enumerable.Range(0, 450).Select(i => $"\"{new string('x', 120)}{i}\":1"));
        ApiReply reply = await api.SendAsync("POST", "/ips", $"{{{fields},\"healthcheck_interval\":{new string('9', 5000)}}}");
        Assert.Equal(422, reply.Status);
        Assert.InRange(reply.Body.Length, 1, 8000);
    }

    [Fact]
    public async Task Bytes_that_are_no_UTF_8_are_400()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string reply = await api.SendRawAsync("POST /ips HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 10\r\n\r\n{\"ip\":\"\xff\"}");
        Assert.StartsWith("HTTP/1.1 400 ", reply, StringComparison.Ordinal);
        Assert.Contains("the body is not UTF-8", reply, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/ips", 64 * 1024)]
    [InlineData("/endpoints", 256 * 1024)]
    public async Task A_body_that_is_too_large_is_413_and_one_that_just_fits_is_read(string path, int most)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string declared = await api.SendRawAsync($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {most + 1}\r\n\r\n{{");
        Assert.StartsWith("HTTP/1.1 413 ", declared, StringComparison.Ordinal);
        Assert.Contains($"{{\"error\":\"the body is larger than {most} bytes\"", declared, StringComparison.Ordinal);

        string chunks = string.Concat(Enumerable.Repeat($"1000\r\n{new string(' ', 0x1000)}\r\n", (most / 0x1000) + 1));
        string undeclared = await api.SendRawAsync($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 413 ", undeclared, StringComparison.Ordinal);

        string body = path == "/ips" ? """{"ip":"10.0.0.1/32"}""" : """{"plugin":"arp","plugin_config":{"ip":"10.0.0.1/32"}}""";
        Assert.Equal(201, (await api.SendAsync("POST", path, body.PadRight(most))).Status);
    }

    [Theory]
    [InlineData("NONSENSE\r\n\r\n")]
    [InlineData("GET /version\r\n\r\n")]
    [InlineData("GET /version HTTP/1.1\r\n\r\n")]
    [InlineData("GET /version HTTP/1.1\r\nHost: localhost\r\nA b: c\r\n\r\n")]
    [InlineData("GET /version HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("GET /version HTTP/1.1\r\nHost: localhost\r\nA: \xff\xfe\r\n\r\n")]
    public async Task What_is_no_HTTP_is_400_and_the_server_goes_on(string text)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        Assert.StartsWith("HTTP/1.1 400 ", await api.SendRawAsync(text), StringComparison.Ordinal);
        Assert.Equal(200, (await api.SendAsync("GET", "/version")).Status);
    }

    [Fact]
    public async Task Too_large_a_head_is_431_or_414()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        Assert.StartsWith("HTTP/1.1 431 ", await api.SendRawAsync($"GET / HTTP/1.1\r\nHost: localhost\r\nA: {new string('a', 20_000)}\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 414 ", await api.SendRawAsync($"GET /{new string('a', 5_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n"), StringComparison.Ordinal);
    }

    private static string? Error(ApiReply reply) => System.Text.Json.JsonDocument.Parse(reply.Body).RootElement.GetProperty("error").GetString();
}
