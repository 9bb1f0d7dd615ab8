namespace Link.Core.Plugins.Exec;

/// <summary>How a program came to its end.</summary>
internal enum ProgramEndKind
{
    Exited,

    /// <summary>By a signal that was not ours.</summary>
    Killed,

    /// <summary>By us, at its deadline.</summary>
    Overdue,

    /// <summary>The kernel did not keep how.</summary>
    Unknown,
}
