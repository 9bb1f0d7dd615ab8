using Link.Core.Api;
using Link.Core.Api.Access;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Api;

/// <summary>What another side answered is for admins: who may not add endpoints learns nothing by it of what answers inside a network.</summary>
public sealed class ErrorAnswerTests : IDisposable
{
    private const string Id = "vip-5f09bd47-2074-4fe3-bea5-000000000001";
    private const string Words = "root:x:0:0";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("read", false)]
    [InlineData("operate", false)]
    [InlineData("admin", true)]
    public async Task The_words_of_an_answer_are_shown_to_admins_alone_and_the_reason_to_all(string word, bool shown)
    {
        Role role = RoleWord.Parse(word)!.Value;
        string users = _folder.Write("users", TestUsers.Line("bob", role, "p"));
        await using RunningApi api = await RunningApi.StartAsync(options => options with { UsersFile = users });
        api.Agent.Have(FakeAgent.Arp(Id, "10.77.0.200/32") with { LastError = "lb:80 answered 500", Reason = "lb:80 answered 500", LastErrorAnswer = Words });
        List<(string Method, string Path, string? Body)> asked =
            [("GET", "/endpoints", null), ("GET", "/ips", null), ("GET", $"/endpoints/{Id}", null), ("GET", $"/ips/{Id}", null)];
        if (role >= Role.Operate)
            asked.AddRange([("PUT", $"/endpoints/{Id}", """{"healthchecks":[]}"""), ("PATCH", $"/ips/{Id}", """{"healthchecks":[]}""")]);
        foreach ((string method, string path, string? body) in asked)
        {
            ApiReply reply = await api.SendAsync(method, path, body, headers => headers.Authorization = TestUsers.Header("bob", "p"));
            Assert.Equal(200, reply.Status);
            Assert.Contains("\"last_error\":\"lb:80 answered 500\"", reply.Body, StringComparison.Ordinal);
            Assert.Equal(shown, reply.Body.Contains(Words, StringComparison.Ordinal));
        }
    }
}
