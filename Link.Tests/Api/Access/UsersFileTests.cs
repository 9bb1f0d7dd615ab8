using System.Net;
using Link.Core.Api;
using Link.Core.Api.Access;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Api.Access;

public sealed class UsersFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestClock _clock = new();

    private string Users => _folder.File("users");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_wrong_line_is_named_and_none_is_shown()
    {
        string hash = TestUsers.Line("x", Role.Read, "p").TrimEnd()[7..];
        string text = $"""
            # who may do what
            alice:admin:{hash}

            bob:{hash}:read
            carol:root:{hash}
            dave:read:hunter2
            alice:read:{hash}
            :read:{hash}
            a b:read:{hash}
            erin:read
            """;
        Assert.Null(UserTable.Parse(text, out IReadOnlyList<string> faults));
        Assert.Equal(
        [
            "line 4: the role is not read, operate or admin",
            "line 5: the role is not read, operate or admin",
            "line 6: the hash is not of the form $pbkdf2-sha256$i=ITERATIONS$SALT$HASH; make one with: link-client hash-password",
            "line 7: the same name as in line 2",
            "line 8: the name is empty",
            "line 9: the name has a colon, a space or a control character",
            "line 10: not of the form NAME:ROLE:HASH",
        ],
        faults);
        Assert.DoesNotContain("hunter2", string.Join('\n', faults), StringComparison.Ordinal);
    }

    [Fact]
    public void Many_wrong_lines_are_counted()
    {
        Assert.Null(UserTable.Parse(string.Concat(Enumerable.Repeat("x\n", 100)), out IReadOnlyList<string> faults));
        Assert.Equal((11, "and 90 more"), (faults.Count, faults[^1]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nobody\n\n")]
    public void A_file_without_users_is_a_fault(string text)
    {
        Assert.Null(UserTable.Parse(text, out IReadOnlyList<string> faults));
        Assert.StartsWith("no user in it", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_that_was_found_right_is_not_hashed_again_until_the_file_changes()
    {
        string text = TestUsers.Line("bob", Role.Read, "bob's");
        UserTable users = UserTable.Parse(text, out _)!;
        BasicCredentials right = Credentials("bob", "bob's");
        BasicCredentials wrong = Credentials("bob", "guess");
        Assert.Null(users.FindVerified(IPAddress.Loopback, right));
        Assert.Null(users.Verify(IPAddress.Loopback, wrong));
        Assert.Equal("bob", users.Verify(IPAddress.Loopback, right)!.Name);
        Assert.Equal("bob", users.FindVerified(IPAddress.Loopback, right)!.Name);
        Assert.Null(users.FindVerified(IPAddress.Loopback, wrong));
        Assert.Null(users.FindVerified(IPAddress.Loopback, Credentials("eve", "bob's")));
        Assert.Null(UserTable.Parse(text, out _)!.FindVerified(IPAddress.Loopback, right));
    }

    [Fact]
    public async Task A_file_that_cannot_be_used_ends_the_start_with_its_name()
    {
        _folder.Write("users", "bob:read\n");
        ApiStartException fault = await Assert.ThrowsAsync<ApiStartException>(StartAsync);
        Assert.Equal($"users file {Users}: line 1: not of the form NAME:ROLE:HASH", fault.Message);
        File.Delete(Users);
        fault = await Assert.ThrowsAsync<ApiStartException>(StartAsync);
        Assert.Equal($"users file {Users}: no such file", fault.Message);
    }

    [Fact]
    public async Task Edits_count_while_the_agent_runs()
    {
        _folder.Write("users", TestUsers.Line("bob", Role.Read, "old"));
        await using RunningApi api = await StartAsync();
        Assert.Equal((200, 403), (await GetAsync(api, "bob", "old"), await DrainAsync(api, "bob", "old")));

        _folder.Write("users", TestUsers.Line("bob", Role.Operate, "new") + TestUsers.Line("eve", Role.Read, "eve's"));
        Assert.Equal((200, 401), (await GetAsync(api, "bob", "old"), await GetAsync(api, "bob", "new")));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((401, 204, 200), (await GetAsync(api, "bob", "old"), await DrainAsync(api, "bob", "new"), await GetAsync(api, "eve", "eve's")));
    }

    [Fact]
    public async Task A_broken_edit_leaves_the_users_and_is_said_once_with_the_line()
    {
        _folder.Write("users", TestUsers.Line("bob", Role.Read, "bob's"));
        await using RunningApi api = await StartAsync();
        _folder.Write("users", TestUsers.Line("bob", Role.Read, "new") + "eve:secret\n");
        for (int i = 0; i < 3; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(200, await GetAsync(api, "bob", "bob's"));
        }

        Assert.Equal($"api: users file {Users}: line 2: not of the form NAME:ROLE:HASH; the users read before stay", Assert.Single(api.Log));
        File.Delete(Users);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, await GetAsync(api, "bob", "bob's"));
        Assert.Equal($"api: users file {Users}: no such file; the users read before stay", api.Log[^1]);

        _folder.Write("users", TestUsers.Line("bob", Role.Read, "new"));
        Assert.True(api.Server.ReloadFiles());
        Assert.Equal(401, await GetAsync(api, "bob", "bob's"));
        Assert.Equal(2, api.Log.Count);
    }

    [Fact]
    public async Task A_file_with_the_same_size_and_time_is_still_another_one()
    {
        _folder.Write("users", TestUsers.Line("bob", Role.Read, "old"));
        await using RunningApi api = await StartAsync();
        DateTime time = File.GetLastWriteTimeUtc(Users);
        string next = _folder.Write("next", TestUsers.Line("bob", Role.Read, "new"));
        File.SetLastWriteTimeUtc(next, time);
        File.Move(next, Users, overwrite: true);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((401, 200), (await GetAsync(api, "bob", "old"), await GetAsync(api, "bob", "new")));
    }

    [Fact]
    public async Task A_file_that_everybody_may_read_is_warned_of()
    {
        _folder.Write("users", TestUsers.Line("bob", Role.Read, "p"), UnixFileMode.UserRead | UnixFileMode.OtherRead);
        await using RunningApi api = await StartAsync();
        Assert.Equal($"api: users file {Users}: everybody on this host may read the hashes in it: chmod o-r it", Assert.Single(api.Log));
    }

    private static BasicCredentials Credentials(string user, string password) => BasicCredentials.Parse(TestUsers.Header(user, password).ToString())!;

    private Task<RunningApi> StartAsync() => RunningApi.StartAsync(options => options with { UsersFile = Users }, _clock);

    private static async Task<int> GetAsync(RunningApi api, string user, string password) =>
        (await api.SendAsync("GET", "/version", headers: headers => headers.Authorization = TestUsers.Header(user, password))).Status;

    private static async Task<int> DrainAsync(RunningApi api, string user, string password)
    {
        api.Agent.Command = _ => Task.FromResult(new Outcome(OutcomeStatus.Done));
        return (await api.SendAsync("POST", "/drain", headers: headers => headers.Authorization = TestUsers.Header(user, password))).Status;
    }
}
