using System.Text.Json;
using Link.Core.Plugins;
using Link.Core.Plugins.Webhook;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Plugins.Webhook;

public sealed class WebhookConfigTests
{
    private const string Least = """{"url":"https://lb.example/vip","secret":"s","resource_id":"front"}""";

    [Theory]
    [InlineData(Least)]
    [InlineData("""{"url":"http://[::1]:8080/a?b=c&d=%20","headers":{"Authorization":"Bearer a b","X-A":""},"secret":"\"é","resource_id":"a/b:c.d_e-f@g+h=i~j","on_etcd_loss":"hold"}""")]
    public void A_configuration_is_written_in_LinKs_order_as_it_was_given(string json)
    {
        WebhookConfig config = Read(json).Value!;
        Assert.Equal(json, config.ToJson());
        Assert.Equal($"webhook/{config.ResourceId}", config.ElectionKey);
        Assert.DoesNotContain("Bearer", config.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_CA_is_taken_as_the_text_of_a_PEM_file()
    {
        using var authority = new TestAuthority();
        string json = JsonSerializer.Serialize(new Dictionary<string, string> { ["url"] = "https://h/", ["resource_id"] = "r", ["secret"] = "s", ["ca"] = authority.CaPem + authority.CaPem });
        WebhookConfig config = Read(json).Value!;
        Assert.Equal(authority.CaPem + authority.CaPem, config.Ca);
        Assert.Equal(config.Ca, Read(config.ToJson()).Value!.Ca);
    }

    [Theory]
    [InlineData("""[]""", "plugin_config", "must be an object such as {\"url\":\"https://lb.example/vip\",\"resource_id\":\"front\",\"secret\":\"...\"}")]
    [InlineData("""{"resource_id":"r","secret":"s"}""", "url", "is missing; must be an http or https URL such as https://lb.example/vip")]
    [InlineData("""{"url":null,"resource_id":"r","secret":"s"}""", "url", "is missing; must be an http or https URL such as https://lb.example/vip")]
    [InlineData("""{"url":1,"resource_id":"r","secret":"s"}""", "url", "must be a string")]
    [InlineData("""{"url":"","resource_id":"r","secret":"s"}""", "url", "is no URL that can be called; must be an http or https URL such as https://lb.example/vip")]
    [InlineData("""{"url":"/vip","resource_id":"r","secret":"s"}""", "url", "is no URL that can be called; must be an http or https URL such as https://lb.example/vip")]
    [InlineData("""{"url":"lb.example:80/vip","resource_id":"r","secret":"s"}""", "url", "is no URL that can be called; must be an http or https URL such as https://lb.example/vip")]
    [InlineData("""{"url":"ftp://lb.example/vip","resource_id":"r","secret":"s"}""", "url", "is no URL that can be called; must be an http or https URL such as https://lb.example/vip")]
    [InlineData("""{"url":"file:///etc/passwd","resource_id":"r","secret":"s"}""", "url", "is no URL that can be called; must be an http or https URL such as https://lb.example/vip")]
    [InlineData("""{"url":"http://","resource_id":"r","secret":"s"}""", "url", "is no URL that can be called; must be an http or https URL such as https://lb.example/vip")]
    [InlineData("""{"url":"http://h:65536/","resource_id":"r","secret":"s"}""", "url", "is no URL that can be called; must be an http or https URL such as https://lb.example/vip")]
    [InlineData("""{"url":"http://h:0/","resource_id":"r","secret":"s"}""", "url", "names port 0; must be 1 to 65535")]
    [InlineData("""{"url":"http://u:p@h/","resource_id":"r","secret":"s"}""", "url", "holds a user or password, which everybody who may list endpoints would see; give an Authorization header instead")]
    [InlineData("""{"url":"http://@h/","resource_id":"r","secret":"s"}""", "url", "holds a user or password, which everybody who may list endpoints would see; give an Authorization header instead")]
    [InlineData("""{"url":"http://h/#a","resource_id":"r","secret":"s"}""", "url", "has a fragment (#), which is never sent; leave it out")]
    [InlineData("""{"url":"http://h/a b","resource_id":"r","secret":"s"}""", "url", "has white space or control characters; write them as %20 and so on")]
    [InlineData("""{"url":"http://h/a\nb","resource_id":"r","secret":"s"}""", "url", "has white space or control characters; write them as %20 and so on")]
    [InlineData("""{"url":"http://h/","secret":"s"}""", "resource_id", "is missing; must be a name that all hosts of this resource give, such as front-1")]
    [InlineData("""{"url":"http://h/","resource_id":"","secret":"s"}""", "resource_id", "is empty; must be a name that all hosts of this resource give, such as front-1")]
    [InlineData("""{"url":"http://h/","resource_id":"a\nb","secret":"s"}""", "resource_id", "has control characters")]
    [InlineData("""{"url":"http://h/","resource_id":"a b","secret":"s"}""", "resource_id", "has other characters than letters A to Z, digits and . _ - : @ + = ~ /")]
    [InlineData("""{"url":"http://h/","resource_id":"é","secret":"s"}""", "resource_id", "has other characters than letters A to Z, digits and . _ - : @ + = ~ /")]
    [InlineData("""{"url":"http://h/","resource_id":"/a","secret":"s"}""", "resource_id", "has an empty part: a / at its start or end, or two in a row")]
    [InlineData("""{"url":"http://h/","resource_id":"a/","secret":"s"}""", "resource_id", "has an empty part: a / at its start or end, or two in a row")]
    [InlineData("""{"url":"http://h/","resource_id":"a//b","secret":"s"}""", "resource_id", "has an empty part: a / at its start or end, or two in a row")]
    [InlineData("""{"url":"http://h/","resource_id":"r"}""", "secret", "is missing; must be the key by which the receiver checks signatures")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":""}""", "secret", "is empty: everybody could sign; must be the key by which the receiver checks signatures")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":{}}""", "secret", "must be a string")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","headers":[]}""", "headers", "must be an object such as {\"Authorization\":\"Bearer ...\"}")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","headers":{"A":1}}""", "headers.A", "must be a string")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","headers":{"":"v"}}""", "headers.", "is no header's name: letters, digits and -")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","headers":{"A B":"v"}}""", "headers.A B", "is no header's name: letters, digits and -")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","headers":{"A\r\nB: c":"v"}}""", "headers.A B: c", "is no header's name: letters, digits and -")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","headers":{"X":"a\r\nB: c"}}""", "headers.X", "has a line break or another control character in its value")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","headers":{"X":"a","x":"b"}}""", "headers.x", "is given twice; header names do not differ by case")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","headers":{"host":"v"}}""", "headers.host", "is set by the agent or belongs to the connection; leave it out")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","headers":{"Content-Type":"v"}}""", "headers.Content-Type", "is set by the agent or belongs to the connection; leave it out")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","headers":{"Content-Length":"1"}}""", "headers.Content-Length", "is set by the agent or belongs to the connection; leave it out")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","headers":{"Transfer-Encoding":"v"}}""", "headers.Transfer-Encoding", "is set by the agent or belongs to the connection; leave it out")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","headers":{"x-link-webhook-new":"v"}}""", "headers.x-link-webhook-new", "is set by the agent or belongs to the connection; leave it out")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","ca":"/etc/ca.pem"}""", "ca", "holds no certificate in PEM form; must be the text of a PEM file, -----BEGIN CERTIFICATE----- and so on")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","ca":"-----BEGIN PRIVATE KEY-----"}""", "ca", "holds a private key, which would be stored and shown in clear; give the certificates alone")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","on_etcd_loss":"keep"}""", "on_etcd_loss", "is \"keep\"; must be claim, hold or release")]
    [InlineData("""{"url":"http://h/","resource_id":"r","secret":"s","header":{}}""", "header", "is unknown; plugin webhook takes url, resource_id, secret, headers, ca and on_etcd_loss")]
    public void A_wrong_field_is_refused_with_the_reason(string json, string field, string expected)
    {
        Validated<WebhookConfig> read = Read(json);
        Assert.False(read.IsValid);
        Assert.Equal((field, expected), (Assert.Single(read.Errors).Key, Assert.Single(read.Errors[field])));
    }

    [Theory]
    [InlineData("url", "http://h/", 2048)]
    [InlineData("resource_id", "r", 128)]
    [InlineData("secret", "s", 1024)]
    public void Lengths_have_a_bound(string field, string start, int most)
    {
        var fields = new Dictionary<string, string> { ["url"] = "http://h/", ["resource_id"] = "r", ["secret"] = "s" };
        fields[field] = start.PadRight(most, 'x');
        Assert.True(Read(JsonSerializer.Serialize(fields)).IsValid);
        fields[field] += "x";
        Assert.Equal($"has {most + 1} characters; at most {most}", Assert.Single(Read(JsonSerializer.Serialize(fields)).Errors[field]));
        Assert.True(Read(JsonSerializer.Serialize(fields), stored: true).IsValid);
    }

    [Fact]
    public void Headers_have_bounds()
    {
        Validated<WebhookConfig> With(IEnumerable<KeyValuePair<string, string>> headers) =>
            Read(JsonSerializer.Serialize(new Dictionary<string, object> { ["url"] = "http://h/", ["resource_id"] = "r", ["secret"] = "s", ["headers"] = new Dictionary<string, string>(headers) }));
        Assert.True(With(Enumerable.Range(0, 32).Select(i => KeyValuePair.Create($"X-{i}", "v"))).IsValid);
        Assert.Equal("are 33; at most 32", Assert.Single(With(Enumerable.Range(0, 33).Select(i => KeyValuePair.Create($"X-{i}", "v"))).Errors["headers"]));
        Assert.Equal("has a value of 4097 characters; at most 4096", Assert.Single(With([KeyValuePair.Create("X", new string('v', 4097))]).Errors["headers.X"]));
        Assert.False(With([KeyValuePair.Create(new string('X', 129), "v")]).IsValid);
    }

    [Fact]
    public void All_errors_are_told_at_once_and_no_secret()
    {
        Validated<WebhookConfig> read = Read("""{"url":"hunter2://hunter2@h","secret":["hunter2"],"headers":{"Host":"hunter2","A":"hunter2\n"},"ca":"hunter2","x":"hunter2"}""");
        Assert.Equal(["ca", "headers.A", "headers.Host", "resource_id", "secret", "url", "x"], read.Errors.Keys.Order(StringComparer.Ordinal));
        Assert.DoesNotContain("hunter2", string.Join(' ', read.Errors.Values.SelectMany(messages => messages)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"url":"http://u:p@h/#f","resource_id":"a b é","secret":"","headers":{"Host":"v","A B":"v","X":"a\nb"},"later":1}""", "webhook/a b é")]
    [InlineData("""{"url":"http://127.0.0.1:9/hook","headers":{"Authorization":"Bearer my-token"},"secret":"shared-secret","resource_id":"res-1"}""", "webhook/res-1")]
    public void What_LinK_stored_is_taken(string json, string key)
    {
        Assert.Equal(key, Read(json, stored: true).Value!.ElectionKey);
        Assert.Equal(key, WebhookConfig.FindElectionKey(Parse(json)));
    }

    [Theory]
    [InlineData("""{"resource_id":"r","secret":{"id":"sec-1","endpoint_id":""},"url":"http://h/"}""", "webhook/r")]
    [InlineData("""{"resource_id":"r"}""", "webhook/r")]
    [InlineData("""{"resource_id":""}""", null)]
    [InlineData("""{"resource_id":"a\nb"}""", null)]
    [InlineData("""{"resource_id":7}""", null)]
    [InlineData("{}", null)]
    [InlineData("[]", null)]
    public void The_election_key_is_told_without_the_secrets(string json, string? key) => Assert.Equal(key, WebhookConfig.FindElectionKey(Parse(json)));

    private static Validated<WebhookConfig> Read(string json, bool stored = false) => WebhookConfig.Read(Parse(json), stored);

    private static JsonElement Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
