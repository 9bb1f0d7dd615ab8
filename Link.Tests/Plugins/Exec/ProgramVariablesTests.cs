using Link.Core.Plugins.Exec;
using Xunit;

namespace Link.Tests.Plugins.Exec;

public sealed class ProgramVariablesTests
{
    [Theory]
    [InlineData("LINK_ENV_TOKEN", true)]
    [InlineData("LANG", true)]
    [InlineData("LC_ALL", true)]
    [InlineData("PGHOST", true)]
    [InlineData("BACKUP_DIR", true)]
    [InlineData("BACKUP", false)]
    [InlineData("pghost", false)]
    [InlineData("LANGUAGE", false)]
    [InlineData("HOME", false)]
    [InlineData("GIT_SSH_COMMAND", false)]
    [InlineData("DOTNET_STARTUP_HOOKS", false)]
    [InlineData("LINK_STATE", false)]
    public void Only_what_is_named_may_be_set(string name, bool allowed) =>
        Assert.Equal(allowed, new ProgramVariables(["PGHOST", "BACKUP_*"]).Allows(name));

    [Theory]
    [InlineData("P*", "PATH")]
    [InlineData("P*", "PYTHONPATH")]
    [InlineData("L*", "LD_PRELOAD")]
    [InlineData("L*", "LINK_REVISION")]
    [InlineData("O*", "OPENSSL_CONF")]
    public void A_wide_pattern_lets_in_nothing_that_decides_what_is_run(string pattern, string name) =>
        Assert.False(new ProgramVariables([pattern]).Allows(name));

    [Theory]
    [InlineData("PGHOST", null)]
    [InlineData("BACKUP_*", null)]
    [InlineData("LINK_ENV_X", null)]
    [InlineData("", "is not a variable's name")]
    [InlineData("*", "is not a variable's name")]
    [InlineData("A*B", "is not a variable's name")]
    [InlineData("A=B", "is not a variable's name")]
    [InlineData("LD_PRELOAD", "decides what a program runs, or is the agent's own")]
    [InlineData("LD_*", "decides what a program runs, or is the agent's own")]
    [InlineData("LINK_*", "decides what a program runs, or is the agent's own")]
    [InlineData("PATH", "decides what a program runs, or is the agent's own")]
    public void What_the_administrator_names_has_to_be_a_name_that_may_be_named(string pattern, string? fault) =>
        Assert.Equal(fault, ProgramVariables.PatternFault(pattern));

    [Theory]
    [InlineData("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", true)]
    [InlineData("LINK_STATE=ACTIVATED", true)]
    [InlineData("LINK_ENV_A=", true)]
    [InlineData("LANG=C.UTF-8", true)]
    [InlineData("PATH=/tmp", false)]
    [InlineData("LD_PRELOAD=/tmp/x.so", false)]
    [InlineData("HOME=/", false)]
    [InlineData("LINK_STATE", false)]
    [InlineData("=x", false)]
    [InlineData("LANG=a\0LD_PRELOAD=b", false)]
    public void Of_a_whole_environment_the_agents_own_are_allowed_too(string variable, bool allowed) =>
        Assert.Equal(allowed, new ProgramVariables([]).AllowsInAll(variable));
}
