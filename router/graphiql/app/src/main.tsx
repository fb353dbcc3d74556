import './workers';

import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './styles.css';

import { createRoot } from 'react-dom/client';

import { App } from './App';
import { loadConfig } from './config';
import { defineEditorThemes } from './editorThemes';
import { loadExamples } from './examples';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

const [config, examples] = await Promise.all([loadConfig(), loadExamples(), defineEditorThemes()]);
createRoot(root).render(<App config={config} examples={examples} />);
